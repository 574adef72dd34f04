-- DropIndex
DROP INDEX "backups_status_sizeBytes_storedBytes_createdAt_idx";

-- CreateIndex
CREATE INDEX "backups_pinned_createdAt_id_idx" ON "backups"("pinned", "createdAt", "id");

-- CreateIndex
CREATE INDEX "backups_summary_idx" ON "backups"("status", "createdAt", "type", "pinned", "searchName", "sizeBytes", "storedBytes");
