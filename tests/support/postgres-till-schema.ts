/** A till's database with everything that a dump may get wrong. */
export const POSTGRES_TILL = `
CREATE SCHEMA "Kasse №1";
CREATE TYPE payment AS ENUM ('cash', 'card', 'Gutschein "ü"');
CREATE TABLE "Kasse №1"."it's a table" (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  "näme ""quoted""" text NOT NULL,
  price numeric(10,2) NOT NULL CHECK (price >= 0),
  gross numeric GENERATED ALWAYS AS (price * 1.19) STORED,
  paid payment, photo bytea, extra jsonb);
INSERT INTO "Kasse №1"."it's a table" ("näme ""quoted""", price, paid, photo, extra)
  SELECT 'Café №' || n || E'\\n\\t\\\\', n / 7.0, 'card', decode(md5(n::text), 'hex'), jsonb_build_object('n', n)
    FROM generate_series(1, 500) n;
CREATE SEQUENCE receipt_number START 1000 INCREMENT 7;
SELECT nextval('receipt_number'), nextval('receipt_number');
CREATE TABLE sales (id int, at date NOT NULL, total numeric, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE sales_2025 PARTITION OF sales FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE sales_2026 PARTITION OF sales FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE INDEX sales_total ON sales (total);
INSERT INTO sales SELECT n, date '2025-01-01' + n, n * 3 FROM generate_series(0, 700) n;
CREATE TABLE audit (n int);
CREATE FUNCTION log_sale() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO audit VALUES (NEW.id); RETURN NEW; END $$;
CREATE TRIGGER logged AFTER INSERT ON sales FOR EACH ROW EXECUTE FUNCTION log_sale();
INSERT INTO sales VALUES (9999, '2026-05-05', 1);
CREATE VIEW day_totals AS SELECT at, sum(total) AS total FROM sales GROUP BY at;
CREATE MATERIALIZED VIEW month_totals AS SELECT date_trunc('month', at) AS month, sum(total) AS total FROM sales GROUP BY 1;
CREATE UNLOGGED TABLE cart (id int); INSERT INTO cart VALUES (1);
SELECT lo_from_bytea(4711, decode(repeat('c0ffee', 3000), 'hex'));
`;

/** What of it must be the same after a restore; one line of text each. */
export const POSTGRES_FINGERPRINT = `
SELECT 'items ' || count(*) || ' ' || sum(gross) || ' ' || md5(string_agg(t::text, '|' ORDER BY id)) AS line FROM "Kasse №1"."it's a table" t
UNION ALL SELECT 'sales ' || count(*) || ' ' || sum(total) FROM sales
UNION ALL SELECT 'partition ' || count(*) FROM sales_2026
UNION ALL SELECT 'audit ' || count(*) FROM audit
UNION ALL SELECT 'view ' || sum(total) FROM day_totals
UNION ALL SELECT 'materialised ' || sum(total) FROM month_totals
UNION ALL SELECT 'cart ' || count(*) FROM cart
UNION ALL SELECT 'sequence ' || last_value || ' ' || is_called FROM receipt_number
UNION ALL SELECT 'enum ' || array_to_string(enum_range(NULL::payment), ',')
UNION ALL SELECT 'lo ' || md5(lo_get(4711))
UNION ALL SELECT 'trigger ' || tgname || ' ' || tgenabled::text FROM pg_trigger WHERE NOT tgisinternal AND tgparentid = 0
UNION ALL SELECT 'function ' || md5(prosrc) FROM pg_proc WHERE proname = 'log_sale'
UNION ALL SELECT 'indexes ' || count(*) FROM pg_indexes WHERE schemaname NOT LIKE 'pg_%'
UNION ALL SELECT 'identity ' || attidentity::text FROM pg_attribute WHERE attidentity <> ''
`;
