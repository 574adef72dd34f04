-- AlterTable
ALTER TABLE "restores" ADD COLUMN "paths" TEXT;
