import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { DEFAULT_QUERY_LIMITS, MAX_TOKENS } from '../../../src/api/limits/query-limits.js';
import { DEFAULT_WEBSOCKET_OPTIONS } from '../../../src/server/server.js';
import { CONTRACT_CODES, HTTP_STATUS, OPERATION_CODES } from '../../../src/shared/errors.js';

/** First two cells of every row whose first cell is a code, from the tables of `docs/errors.md`. */
function readTables(): [code: string, second: string][] {
  const rows = readFileSync('docs/errors.md', 'utf8').matchAll(/^\| `(\w+)` \| `?(\w+)`? \|(.*)\|$/gm);
  return [...rows].map(([, code = '', second = '', rest = '']) => {
    expect(
      rest.split('|').map((cell) => cell.trim() !== ''),
      code,
    ).to.deep.equal([true, true, true]);
    expect(rest, code).to.match(/ (yes|no) $/);
    return [code, second];
  });
}

describe('docs/errors.md', () => {
  it('has every code of the contract with its HTTP status, then every finer code with what it is answered as', () => {
    const contract = CONTRACT_CODES.map((code) => [code, String(HTTP_STATUS[code])]);
    expect(readTables()).to.deep.equal([...contract, ...Object.entries(OPERATION_CODES)]);
  });

  it('tells the limits that there are', () => {
    const { depth, introspectionDepth, aliases, directives, rootFields, cost } = DEFAULT_QUERY_LIMITS;
    const { maxOperations, maxConnections, maxAllOperations } = DEFAULT_WEBSOCKET_OPTIONS;
    const numbers = [depth, introspectionDepth, aliases, directives, rootFields, MAX_TOKENS, cost];
    const [, section = ''] = readFileSync('docs/errors.md', 'utf8').split(/^## What limits there are$/m);
    const [paragraph = ''] = section.trim().split('\n');
    const told = [...paragraph.matchAll(/\d[\d,]*/g)].map(([text]) => Number(text.replace(',', '')));
    expect(told).to.deep.equal([...numbers, 100, maxOperations, maxConnections, maxAllOperations]);
  });
});
