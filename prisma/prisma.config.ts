import { defineConfig } from 'prisma/config';

/** Prisma's own settings. Which schema it works on is named by `generate.ts`, once per database. */
export default defineConfig({});
