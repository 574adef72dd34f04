-- AlterTable
ALTER TABLE "restores" ADD COLUMN     "notices" TEXT NOT NULL DEFAULT '[]';
