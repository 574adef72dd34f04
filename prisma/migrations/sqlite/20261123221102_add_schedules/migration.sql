-- AlterTable
ALTER TABLE "backups" ADD COLUMN "confirmedAt" DATETIME;
ALTER TABLE "backups" ADD COLUMN "keepRules" TEXT;
ALTER TABLE "backups" ADD COLUMN "scheduleId" TEXT;
ALTER TABLE "backups" ADD COLUMN "suspicion" TEXT;

-- CreateTable
CREATE TABLE "schedules" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "name" TEXT NOT NULL,
    "sortName" TEXT NOT NULL,
    "cron" TEXT NOT NULL,
    "timeZone" TEXT NOT NULL,
    "enabled" BOOLEAN NOT NULL,
    "components" TEXT NOT NULL,
    "encrypt" BOOLEAN NOT NULL,
    "compress" BOOLEAN NOT NULL,
    "retentionDays" INTEGER NOT NULL,
    "jitterSeconds" INTEGER NOT NULL DEFAULT 0,
    "keepLast" INTEGER,
    "keepHourly" INTEGER,
    "keepDaily" INTEGER,
    "keepWeekly" INTEGER,
    "keepMonthly" INTEGER,
    "keepYearly" INTEGER,
    "pingUrl" TEXT,
    "createdAt" DATETIME NOT NULL,
    "dealtWithAt" DATETIME NOT NULL,
    "lastRunAt" DATETIME,
    "lastSkippedAt" DATETIME,
    "lastSkipReason" TEXT
);

-- CreateTable
CREATE TABLE "recurring_tasks" (
    "name" TEXT NOT NULL PRIMARY KEY,
    "dealtWithAt" DATETIME NOT NULL
);

-- CreateIndex
CREATE UNIQUE INDEX "schedules_sortName_key" ON "schedules"("sortName");

-- CreateIndex
CREATE INDEX "backups_scheduleId_createdAt_id_idx" ON "backups"("scheduleId", "createdAt", "id");
