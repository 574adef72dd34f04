-- CreateTable
CREATE TABLE "backup_checks" (
    "id" TEXT NOT NULL,
    "backupId" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "checkedBytes" BIGINT NOT NULL DEFAULT 0,
    "createdBy" TEXT NOT NULL,
    "startedAt" TIMESTAMP(3) NOT NULL,
    "completedAt" TIMESTAMP(3),
    "errorCode" TEXT,
    "errorMessage" TEXT,
    "evidence" TEXT,

    CONSTRAINT "backup_checks_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "stored_objects" (
    "key" TEXT NOT NULL,
    "sizeBytes" BIGINT NOT NULL,
    "waitingSince" TIMESTAMP(3) NOT NULL,
    "checkedAt" TIMESTAMP(3),
    "damage" TEXT,

    CONSTRAINT "stored_objects_pkey" PRIMARY KEY ("key")
);

-- CreateIndex
CREATE INDEX "backup_checks_backupId_kind_startedAt_id_idx" ON "backup_checks"("backupId", "kind", "startedAt", "id");

-- CreateIndex
CREATE INDEX "backup_checks_kind_status_startedAt_id_idx" ON "backup_checks"("kind", "status", "startedAt", "id");

-- CreateIndex
CREATE INDEX "stored_objects_waitingSince_key_idx" ON "stored_objects"("waitingSince", "key");

-- CreateIndex
CREATE INDEX "stored_objects_checkedAt_idx" ON "stored_objects"("checkedAt");

-- AddForeignKey
ALTER TABLE "backup_checks" ADD CONSTRAINT "backup_checks_backupId_fkey" FOREIGN KEY ("backupId") REFERENCES "backups"("id") ON DELETE CASCADE ON UPDATE CASCADE;
