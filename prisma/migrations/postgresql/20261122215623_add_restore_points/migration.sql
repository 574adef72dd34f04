-- AlterTable
ALTER TABLE "restores" ADD COLUMN     "takesRestorePoint" BOOLEAN NOT NULL DEFAULT true;
