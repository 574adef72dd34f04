-- DropIndex
DROP INDEX "audit_entries_at_id_idx";

-- DropIndex
DROP INDEX "audit_entries_actor_at_id_idx";

-- DropIndex
DROP INDEX "audit_entries_action_at_id_idx";

-- DropIndex
DROP INDEX "audit_entries_target_at_id_idx";

-- AlterTable
ALTER TABLE "audit_entries" ADD COLUMN     "detail" TEXT,
ADD COLUMN     "hash" TEXT,
ADD COLUMN     "previousHash" TEXT,
ADD COLUMN     "sequence" INTEGER;

-- CreateIndex
CREATE UNIQUE INDEX "audit_entries_sequence_key" ON "audit_entries"("sequence");

-- CreateIndex
CREATE INDEX "audit_entries_at_sequence_idx" ON "audit_entries"("at", "sequence");

-- CreateIndex
CREATE INDEX "audit_entries_actor_at_sequence_idx" ON "audit_entries"("actor", "at", "sequence");

-- CreateIndex
CREATE INDEX "audit_entries_action_at_sequence_idx" ON "audit_entries"("action", "at", "sequence");

-- CreateIndex
CREATE INDEX "audit_entries_target_at_sequence_idx" ON "audit_entries"("target", "at", "sequence");
