/** A till's database with everything that a dump and a move between schemas may get wrong. */
export const MYSQL_TILL: readonly string[] = [
  `CREATE TABLE \`items № it's\` (id BIGINT AUTO_INCREMENT PRIMARY KEY, \`näme "q"\` VARCHAR(100) NOT NULL,
     price DECIMAL(10,2) NOT NULL, gross DECIMAL(12,4) AS (price * 1.19) STORED, photo LONGBLOB, paid ENUM('cash', 'card'),
     KEY by_name (\`näme "q"\`)) ENGINE = InnoDB`,
  `INSERT INTO \`items № it's\` (\`näme "q"\`, price, photo, paid)
     SELECT CONCAT('Café 😀 ', seq, '\\n\\t\\\\'), seq / 7, CONCAT(UNHEX(MD5(seq)), X'00271A5C0D0A'), 'card' FROM seq_1_to_500`,
  `CREATE TABLE customers (id INT PRIMARY KEY, name VARCHAR(50))`,
  `INSERT INTO customers SELECT seq, CONCAT('c', seq) FROM seq_1_to_20`,
  `CREATE TABLE sales (id INT AUTO_INCREMENT PRIMARY KEY, customer INT NOT NULL, total DECIMAL(12,2),
     CONSTRAINT buyer FOREIGN KEY (customer) REFERENCES customers (id) ON DELETE CASCADE)`,
  `CREATE TABLE days (day DATE NOT NULL, total INT, PRIMARY KEY (day)) PARTITION BY RANGE (YEAR(day))
     (PARTITION p25 VALUES LESS THAN (2026), PARTITION p26 VALUES LESS THAN MAXVALUE)`,
  `INSERT INTO days SELECT DATE_ADD('2025-06-01', INTERVAL seq DAY), seq FROM seq_1_to_400`,
  'CREATE TABLE audit (what VARCHAR(200))',
  `CREATE FUNCTION tax(price DECIMAL(10,2)) RETURNS DECIMAL(10,2) DETERMINISTIC RETURN price * 0.19`,
  `CREATE PROCEDURE sell(IN who INT, IN amount DECIMAL(10,2)) BEGIN INSERT INTO sales (customer, total) VALUES (who, amount); END`,
  `CREATE TRIGGER \`first one\` BEFORE INSERT ON \`sales\` FOR EACH ROW SET NEW.total = NEW.total + 1`,
  `CREATE TRIGGER \`second\` AFTER INSERT ON \`sales\` FOR EACH ROW INSERT INTO audit VALUES (CONCAT('sold ', NEW.total))`,
  'INSERT INTO sales (customer, total) SELECT 1 + seq % 20, seq FROM seq_1_to_300',
  'CREATE VIEW zz_totals AS SELECT customer, SUM(total) AS total FROM sales GROUP BY customer',
  'CREATE VIEW aa_best AS SELECT customer, total, tax(total) AS tax FROM zz_totals ORDER BY total DESC LIMIT 3',
  `CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' DO INSERT INTO audit VALUES ('event; with "quotes"')`,
];

/** What of it must be the same after a restore; one line of text each. */
export const MYSQL_FINGERPRINT = `
SELECT CONCAT('items ', COUNT(*), ' ', SUM(gross), ' ', SUM(CRC32(CONCAT(\`näme "q"\`, photo)))) AS line FROM \`items № it's\`
UNION ALL SELECT CONCAT('sales ', COUNT(*), ' ', SUM(total)) FROM sales
UNION ALL SELECT CONCAT('days ', COUNT(*), ' ', SUM(total)) FROM days
UNION ALL SELECT CONCAT('audit ', COUNT(*)) FROM audit
UNION ALL SELECT CONCAT('best ', SUM(total), ' ', SUM(tax)) FROM aa_best
UNION ALL SELECT CONCAT('table ', table_name, ' ', table_type, ' ', COALESCE(table_collation, '-')) FROM information_schema.tables WHERE table_schema = DATABASE()
UNION ALL SELECT CONCAT('trigger ', trigger_name, ' ', event_object_table, ' ', action_order, ' ', action_statement, ' ', definer) FROM information_schema.triggers WHERE trigger_schema = DATABASE()
UNION ALL SELECT CONCAT('routine ', routine_name, ' ', MD5(routine_definition), ' ', definer) FROM information_schema.routines WHERE routine_schema = DATABASE()
UNION ALL SELECT CONCAT('event ', event_name, ' ', event_definition, ' ', status, ' ', COALESCE(starts, ''), ' ', time_zone) FROM information_schema.events WHERE event_schema = DATABASE()
UNION ALL SELECT CONCAT('key ', constraint_name, ' ', table_name, ' ', referenced_table_name, ' ', unique_constraint_schema = DATABASE()) FROM information_schema.referential_constraints WHERE constraint_schema = DATABASE()
UNION ALL SELECT CONCAT('schema ', default_collation_name) FROM information_schema.schemata WHERE schema_name = DATABASE()
`;
