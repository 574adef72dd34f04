import { z } from 'zod';

/** Text of decimal digits from `min` to `max`; `expected` is the message for everything else. */
export function wholeNumber(max: number, expected: string, min = 0) {
  return z
    .string()
    .regex(/^\d{1,9}$/, expected)
    .transform(Number)
    .refine((value) => value >= min && value <= max, expected);
}
