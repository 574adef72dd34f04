-- CreateTable
CREATE TABLE "backup_checks" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "backupId" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "checkedBytes" BIGINT NOT NULL DEFAULT 0,
    "createdBy" TEXT NOT NULL,
    "startedAt" DATETIME NOT NULL,
    "completedAt" DATETIME,
    "errorCode" TEXT,
    "errorMessage" TEXT,
    "evidence" TEXT,
    CONSTRAINT "backup_checks_backupId_fkey" FOREIGN KEY ("backupId") REFERENCES "backups" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "stored_objects" (
    "key" TEXT NOT NULL PRIMARY KEY,
    "sizeBytes" BIGINT NOT NULL,
    "waitingSince" DATETIME NOT NULL,
    "checkedAt" DATETIME,
    "damage" TEXT
);

-- CreateIndex
CREATE INDEX "backup_checks_backupId_kind_startedAt_id_idx" ON "backup_checks"("backupId", "kind", "startedAt", "id");

-- CreateIndex
CREATE INDEX "backup_checks_kind_status_startedAt_id_idx" ON "backup_checks"("kind", "status", "startedAt", "id");

-- CreateIndex
CREATE INDEX "stored_objects_waitingSince_key_idx" ON "stored_objects"("waitingSince", "key");

-- CreateIndex
CREATE INDEX "stored_objects_checkedAt_idx" ON "stored_objects"("checkedAt");
