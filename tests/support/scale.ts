/** True in `npm run soak`: tests run their long forms. */
export const SOAK: boolean = process.env.TILLVAULT_SOAK === '1';

/** `long` in `npm run soak`, `short` in `npm test`. */
export function scaled(short: number, long: number): number {
  return SOAK ? long : short;
}
