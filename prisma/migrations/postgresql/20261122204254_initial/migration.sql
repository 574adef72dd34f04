-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateTable
CREATE TABLE "backups" (
    "id" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "trigger" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "sortName" TEXT NOT NULL,
    "searchName" TEXT NOT NULL,
    "encrypted" BOOLEAN NOT NULL,
    "compressed" BOOLEAN NOT NULL,
    "compressionLevel" INTEGER,
    "retentionDays" INTEGER NOT NULL,
    "pinned" BOOLEAN NOT NULL DEFAULT false,
    "idempotencyKey" TEXT,
    "createdBy" TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL,
    "expiresAt" TIMESTAMP(3) NOT NULL,
    "startedAt" TIMESTAMP(3),
    "completedAt" TIMESTAMP(3),
    "deletionStartedAt" TIMESTAMP(3),
    "sizeBytes" BIGINT NOT NULL DEFAULT 0,
    "storedBytes" BIGINT NOT NULL DEFAULT 0,
    "fileCount" INTEGER NOT NULL DEFAULT 0,
    "checksum" TEXT,
    "snapshotId" TEXT,
    "errorCode" TEXT,
    "errorMessage" TEXT,
    "notices" TEXT NOT NULL DEFAULT '[]',

    CONSTRAINT "backups_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "backup_components" (
    "backupId" TEXT NOT NULL,
    "component" TEXT NOT NULL,
    "captured" BOOLEAN NOT NULL DEFAULT false,
    "source" TEXT NOT NULL DEFAULT '',
    "sizeBytes" BIGINT NOT NULL DEFAULT 0,
    "storedBytes" BIGINT NOT NULL DEFAULT 0,
    "fileCount" INTEGER NOT NULL DEFAULT 0,
    "checksum" TEXT,

    CONSTRAINT "backup_components_pkey" PRIMARY KEY ("backupId","component")
);

-- CreateTable
CREATE TABLE "restores" (
    "id" TEXT NOT NULL,
    "backupId" TEXT NOT NULL,
    "backupName" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "components" TEXT NOT NULL,
    "overwrite" BOOLEAN NOT NULL,
    "validateOnly" BOOLEAN NOT NULL,
    "targetPath" TEXT,
    "validated" BOOLEAN NOT NULL DEFAULT false,
    "restorePointId" TEXT,
    "restoredFiles" INTEGER NOT NULL DEFAULT 0,
    "skippedFiles" INTEGER NOT NULL DEFAULT 0,
    "restoredBytes" BIGINT NOT NULL DEFAULT 0,
    "idempotencyKey" TEXT,
    "createdBy" TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL,
    "startedAt" TIMESTAMP(3),
    "completedAt" TIMESTAMP(3),
    "errorCode" TEXT,
    "errorMessage" TEXT,

    CONSTRAINT "restores_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "progress_events" (
    "operationId" TEXT NOT NULL,
    "sequence" INTEGER NOT NULL,
    "status" TEXT NOT NULL,
    "phase" TEXT NOT NULL,
    "component" TEXT,
    "percent" DOUBLE PRECISION NOT NULL,
    "processedBytes" BIGINT NOT NULL,
    "totalBytes" BIGINT NOT NULL,
    "storedBytes" BIGINT NOT NULL,
    "processedFiles" INTEGER NOT NULL,
    "totalFiles" INTEGER NOT NULL,
    "bytesPerSecond" DOUBLE PRECISION,
    "etaSeconds" DOUBLE PRECISION,
    "message" TEXT,
    "at" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "progress_events_pkey" PRIMARY KEY ("operationId","sequence")
);

-- CreateTable
CREATE TABLE "audit_entries" (
    "id" TEXT NOT NULL,
    "at" TIMESTAMP(3) NOT NULL,
    "actor" TEXT NOT NULL,
    "role" TEXT,
    "action" TEXT NOT NULL,
    "target" TEXT,
    "outcome" TEXT NOT NULL,
    "remoteAddress" TEXT,

    CONSTRAINT "audit_entries_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "backups_idempotencyKey_key" ON "backups"("idempotencyKey");

-- CreateIndex
CREATE INDEX "backups_createdAt_id_idx" ON "backups"("createdAt", "id");

-- CreateIndex
CREATE INDEX "backups_sortName_id_idx" ON "backups"("sortName", "id");

-- CreateIndex
CREATE INDEX "backups_sizeBytes_id_idx" ON "backups"("sizeBytes", "id");

-- CreateIndex
CREATE INDEX "backups_expiresAt_id_idx" ON "backups"("expiresAt", "id");

-- CreateIndex
CREATE INDEX "backups_status_createdAt_id_idx" ON "backups"("status", "createdAt", "id");

-- CreateIndex
CREATE INDEX "backups_deletionStartedAt_idx" ON "backups"("deletionStartedAt");

-- CreateIndex
CREATE INDEX "backups_status_sizeBytes_storedBytes_createdAt_idx" ON "backups"("status", "sizeBytes", "storedBytes", "createdAt");

-- CreateIndex
CREATE INDEX "backup_components_component_backupId_idx" ON "backup_components"("component", "backupId");

-- CreateIndex
CREATE UNIQUE INDEX "restores_idempotencyKey_key" ON "restores"("idempotencyKey");

-- CreateIndex
CREATE INDEX "restores_createdAt_id_idx" ON "restores"("createdAt", "id");

-- CreateIndex
CREATE INDEX "restores_status_createdAt_id_idx" ON "restores"("status", "createdAt", "id");

-- CreateIndex
CREATE INDEX "restores_backupId_createdAt_id_idx" ON "restores"("backupId", "createdAt", "id");

-- CreateIndex
CREATE INDEX "restores_status_validated_createdAt_idx" ON "restores"("status", "validated", "createdAt");

-- CreateIndex
CREATE INDEX "audit_entries_at_id_idx" ON "audit_entries"("at", "id");

-- CreateIndex
CREATE INDEX "audit_entries_actor_at_id_idx" ON "audit_entries"("actor", "at", "id");

-- CreateIndex
CREATE INDEX "audit_entries_action_at_id_idx" ON "audit_entries"("action", "at", "id");

-- CreateIndex
CREATE INDEX "audit_entries_target_at_id_idx" ON "audit_entries"("target", "at", "id");

-- AddForeignKey
ALTER TABLE "backup_components" ADD CONSTRAINT "backup_components_backupId_fkey" FOREIGN KEY ("backupId") REFERENCES "backups"("id") ON DELETE CASCADE ON UPDATE CASCADE;
