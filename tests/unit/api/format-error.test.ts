import { expect } from 'chai';
import { GraphQLError } from 'graphql';
import { pino } from 'pino';
import { createErrorFormatter, statusOf } from '../../../src/api/format-error.js';
import {
  CancelledError,
  CONTRACT_CODES,
  ConflictError,
  HTTP_STATUS,
  IntegrityError,
  KeyError,
  NotFoundError,
} from '../../../src/shared/errors.js';

const silent = pino({ enabled: false });
const random = { uuid: () => 'incident-1' };
const format = createErrorFormatter({ logger: silent, random }, { hideSuggestions: true });

describe('createErrorFormatter()', () => {
  const cases = [
    { error: new NotFoundError('There is none'), code: 'NOT_FOUND', details: {} },
    { error: new ConflictError('No', { details: { id: '1' } }), code: 'CONFLICT', details: { id: '1' } },
    {
      error: new IntegrityError('Bad'),
      code: 'INTERNAL_SERVER_ERROR',
      details: { reason: 'DATA_CORRUPTED' },
    },
    { error: new KeyError('Wrong'), code: 'SERVICE_UNAVAILABLE', details: { reason: 'WRONG_KEY' } },
    { error: new CancelledError(), code: 'CONFLICT', details: { reason: 'CANCELLED' } },
  ] as const;
  for (const { error, code, details } of cases) {
    it(`answers ${error.name} as ${code}, bare or wrapped`, () => {
      const expected = { message: error.message, extensions: { code, details } };
      const wrapped = new GraphQLError(error.message, {
        originalError: new GraphQLError('x', { originalError: error }),
      });
      expect(format(error)).to.deep.equal(expected);
      expect(format(wrapped)).to.deep.equal(expected);
    });
  }

  it('never passes on the cause', () => {
    const error = new ConflictError('No', { cause: new Error('hunter2') });
    expect(JSON.stringify(format(error))).not.to.contain('hunter2');
  });

  it('keeps the path of a field that failed', () => {
    const error = new GraphQLError('x', {
      path: ['backup'],
      originalError: new NotFoundError('There is none'),
    });
    expect(format(error).path).to.deep.equal(['backup']);
  });

  it('leaves out suggestions where they are to be hidden', () => {
    const error = new GraphQLError('Cannot query field "backupz" on type "Query". Did you mean "backups"?');
    expect(format(error).message).to.equal('Cannot query field "backupz" on type "Query".');
  });

  it('takes a broken result for a fault of the server', () => {
    const error = new GraphQLError('Int cannot represent 1.5', {
      path: ['backup'],
      originalError: new GraphQLError('Int cannot represent 1.5'),
    });
    expect(format(error).extensions.code).to.equal('INTERNAL_SERVER_ERROR');
  });

  const strange: readonly unknown[] = [
    undefined,
    null,
    'text',
    7,
    {},
    new Error('hunter2'),
    Symbol('x'),
    circle(),
  ];
  for (const [index, error] of strange.entries()) {
    it(`answers anything else as an incident (${index})`, () => {
      expect(format(error)).to.deep.include({
        message: 'Internal server error',
        extensions: { code: 'INTERNAL_SERVER_ERROR', details: { incident: 'incident-1' } },
      });
    });
  }

  it('answers even when the log is broken', () => {
    const broken = pino(
      { level: 'error' },
      {
        write: () => {
          throw new Error('The disk is full');
        },
      },
    );
    const total = createErrorFormatter({ logger: broken, random }, { hideSuggestions: false });
    expect(total(new Error('x')).extensions.code).to.equal('INTERNAL_SERVER_ERROR');
  });
});

describe('statusOf()', () => {
  for (const code of CONTRACT_CODES) {
    it(`answers ${HTTP_STATUS[code]} for ${code}`, () => {
      expect(statusOf([{ message: '', extensions: { code, details: {} } }])).to.equal(HTTP_STATUS[code]);
    });
  }

  it('answers 200 without errors', () => {
    expect(statusOf([])).to.equal(200);
  });
});

/** Errors that are each other's original. */
function circle(): GraphQLError {
  const first = new GraphQLError('x', { path: ['a'], extensions: {} });
  const second = new GraphQLError('x', { path: ['a'], originalError: first, extensions: {} });
  Object.defineProperty(first, 'originalError', { value: second });
  return second;
}
