-- AlterTable
ALTER TABLE "backups" ADD COLUMN     "confirmedAt" TIMESTAMP(3),
ADD COLUMN     "keepRules" TEXT,
ADD COLUMN     "scheduleId" TEXT,
ADD COLUMN     "suspicion" TEXT;

-- CreateTable
CREATE TABLE "schedules" (
    "id" TEXT NOT NULL,
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
    "createdAt" TIMESTAMP(3) NOT NULL,
    "dealtWithAt" TIMESTAMP(3) NOT NULL,
    "lastRunAt" TIMESTAMP(3),
    "lastSkippedAt" TIMESTAMP(3),
    "lastSkipReason" TEXT,

    CONSTRAINT "schedules_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "recurring_tasks" (
    "name" TEXT NOT NULL,
    "dealtWithAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "recurring_tasks_pkey" PRIMARY KEY ("name")
);

-- CreateIndex
CREATE UNIQUE INDEX "schedules_sortName_key" ON "schedules"("sortName");

-- CreateIndex
CREATE INDEX "backups_scheduleId_createdAt_id_idx" ON "backups"("scheduleId", "createdAt", "id");
