-- CreateTable
CREATE TABLE "alerts" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "kind" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "message" TEXT NOT NULL,
    "count" INTEGER NOT NULL DEFAULT 1,
    "openKey" TEXT,
    "raisedAt" DATETIME NOT NULL,
    "lastRaisedAt" DATETIME NOT NULL,
    "notifiedAt" DATETIME NOT NULL,
    "resolvedAt" DATETIME
);

-- CreateTable
CREATE TABLE "alert_messages" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "alertId" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "body" TEXT NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "lastError" TEXT,
    "createdAt" DATETIME NOT NULL,
    "endedAt" DATETIME
);

-- CreateIndex
CREATE UNIQUE INDEX "alerts_openKey_key" ON "alerts"("openKey");

-- CreateIndex
CREATE INDEX "alerts_raisedAt_id_idx" ON "alerts"("raisedAt", "id");

-- CreateIndex
CREATE INDEX "alerts_resolvedAt_idx" ON "alerts"("resolvedAt");

-- CreateIndex
CREATE INDEX "alerts_kind_subject_lastRaisedAt_idx" ON "alerts"("kind", "subject", "lastRaisedAt");

-- CreateIndex
CREATE INDEX "alert_messages_state_createdAt_id_idx" ON "alert_messages"("state", "createdAt", "id");

-- CreateIndex
CREATE INDEX "alert_messages_alertId_createdAt_id_idx" ON "alert_messages"("alertId", "createdAt", "id");
