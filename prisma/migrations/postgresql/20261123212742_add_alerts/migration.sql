-- CreateTable
CREATE TABLE "alerts" (
    "id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "message" TEXT NOT NULL,
    "count" INTEGER NOT NULL DEFAULT 1,
    "openKey" TEXT,
    "raisedAt" TIMESTAMP(3) NOT NULL,
    "lastRaisedAt" TIMESTAMP(3) NOT NULL,
    "notifiedAt" TIMESTAMP(3) NOT NULL,
    "resolvedAt" TIMESTAMP(3),

    CONSTRAINT "alerts_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "alert_messages" (
    "id" TEXT NOT NULL,
    "alertId" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "body" TEXT NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "lastError" TEXT,
    "createdAt" TIMESTAMP(3) NOT NULL,
    "endedAt" TIMESTAMP(3),

    CONSTRAINT "alert_messages_pkey" PRIMARY KEY ("id")
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
