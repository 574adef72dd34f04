import { expect } from 'chai';
import { explainProgram } from '../../../src/sources/explain-program.js';

const ROW = 'Jane Customer';

describe('what is told of a program that failed', () => {
  const explain = explainProgram('mariadb', 'Database "pos" cannot be restored');
  const told = (message: string) => explain({ message, startError: null, code: 1 }).message;
  const echo = `--------------\nINSERT INTO c VALUES (1,'${ROW}')\n--------------\n\n`;

  const CASES: readonly [string, string, string][] = [
    [
      'an error of MySQL without the statement before it',
      `${echo}ERROR 1146 (42S02) at line 3: Table 'pos.c' doesn't exist`,
      "ERROR 1146 (42S02) at line 3: Table 'pos.c' doesn't exist",
    ],
    [
      'a duplicate without its value',
      `${echo}ERROR 1062 (23000) at line 3: Duplicate entry 'O'${ROW}\nx' for key 'name'`,
      "ERROR 1062 (23000) at line 3: Duplicate entry '…' for key 'name'",
    ],
    [
      'a syntax error without the text near it',
      `ERROR 1064 (42000) at line 3: You have an error in your SQL syntax; check the manual near '${ROW}' at line 1`,
      'ERROR 1064 (42000) at line 3: You have an error in your SQL syntax; check the manual near …',
    ],
    [
      'an unknown error without what it quotes',
      `ERROR 9999 (HY000) at line 1: Value '${ROW}' of 'O'${ROW}' is odd`,
      "ERROR 9999 (HY000) at line 1: Value '…' is odd",
    ],
    [
      'an error of a trigger without its words',
      `ERROR 1644 (45000) at line 1: No credit for ${ROW}`,
      "ERROR 1644 (45000) at line 1: raised by the database's own code",
    ],
    [
      'an error of PostgreSQL without its details',
      `pg_restore: while PROCESSING TOC:\npg_restore: error: COPY failed for table "c": ERROR:  new row for relation "c" violates check constraint "k"\nDETAIL:  Failing row contains (1, ${ROW}).\nCONTEXT:  COPY c, line 1: "1 ${ROW}"\nCommand was: CREATE x '${ROW}'`,
      'pg_restore: while PROCESSING TOC:; pg_restore: error: COPY failed for table "c": ERROR:  new row for relation "c" violates check constraint "k"',
    ],
    [
      'a value that PostgreSQL cannot read not at all',
      `pg_restore: error: COPY failed for table "c": ERROR:  invalid input syntax for type integer: "${ROW}"`,
      'pg_restore: error: COPY failed for table "c": ERROR:  invalid input syntax for type integer: "…"',
    ],
    [
      'what a dump program says',
      'mariadb-dump: Error 1412: Table definition has changed, please retry transaction when dumping table `c` at row: 0',
      'mariadb-dump: Error 1412: Table definition has changed, please retry transaction when dumping table `c` at row: 0',
    ],
    ['that nothing can be told', `${ROW} is odd`, 'it ended with status 1'],
  ];
  for (const [what, said, expected] of CASES) {
    it(`is ${what}`, () => {
      expect(told(said)).to.include(`"${expected}"`).and.not.include(ROW);
    });
  }
});
