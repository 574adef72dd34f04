import { expect } from 'chai';
import type { RestRoute } from '../../../../src/rest/route.js';
import { matchRoute } from '../../../../src/server/rest/match-route.js';

const routes = [
  ['GET', '/api/backup/{id}'],
  ['DELETE', '/api/backup/{id}'],
  ['GET', '/api/backup/list'],
  ['GET', '/api/backup/{id}/download'],
].map(([method, path]) => ({ method, path }) as unknown as RestRoute);

describe('matchRoute()', () => {
  const cases: [path: string, found: string | null][] = [
    ['/api/backup/list', 'GET /api/backup/list ""'],
    ['/api/backup/abc', 'GET,DELETE /api/backup/{id} "abc"'],
    ['/api/backup/a%2Fb', 'GET,DELETE /api/backup/{id} "a/b"'],
    ['/api/backup/list/download', 'GET /api/backup/{id}/download "list"'],
    ['/api/backup/{id}', 'GET,DELETE /api/backup/{id} "{id}"'],
    ['/api/backup/', null],
    ['/api/backup//download', null],
    ['/api/backup/a/b/download', null],
    ['/api/backup/%ff', null],
    ['/api/backup/list/', null],
    ['/api/other', null],
  ];
  for (const [path, found] of cases) {
    it(`leads ${path} to ${found ?? 'nothing'}`, () => {
      const match = matchRoute(routes, path);
      const methods = match?.routes.map(({ method }) => method).join();
      expect(match && `${methods} ${match.routes[0]?.path} "${match.id}"`).to.equal(found);
    });
  }
});
