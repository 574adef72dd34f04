import { createHmac } from 'node:crypto';
import { expect } from 'chai';
import { signBody, WebhookSender } from '../../../src/notify/webhook-sender.js';
import { FixedClock } from '../../support/fixed-clock.js';
import { WebhookReceiver } from '../../support/webhook-receiver.js';

const SECRET = 'a secret of the webhook';
const never = new AbortController().signal;

/** The message of what `promise` is rejected with. */
async function failureOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'none',
    (error: Error) => error.message,
  );
}

describe('signBody()', () => {
  it('is the HMAC-SHA-256 of the time, a point and the body', () => {
    const expected = createHmac('sha256', 'key').update('1735787045.{"a":1}').digest('hex');
    expect(signBody('key', '{"a":1}', new Date('2025-01-02T03:04:05.678Z'))).to.equal(
      `t=1735787045,v1=${expected}`,
    );
  });
});

describe('WebhookSender', () => {
  let receiver: WebhookReceiver;

  beforeEach(async () => {
    receiver = await WebhookReceiver.open();
  });
  afterEach(() => receiver[Symbol.asyncDispose]());

  const sender = (url = receiver.url, timeoutMs?: number) =>
    new WebhookSender({ url, secret: SECRET, ...(timeoutMs ? { timeoutMs } : {}) }, new FixedClock());

  it('posts the body as it is, signed', async () => {
    await sender().send('{"ä":1}', never);
    const [{ body, headers }] = receiver.received as [(typeof receiver.received)[0]];
    expect(body).to.equal('{"ä":1}');
    expect(headers['content-type']).to.equal('application/json');
    expect(headers['tillvault-signature']).to.equal(signBody(SECRET, body, new FixedClock().now()));
  });

  for (const status of [301, 308, 400, 404, 500, 503]) {
    it(`takes ${status} for a failure`, async () => {
      receiver.status = status;
      receiver.headers = { location: receiver.url };
      expect(await failureOf(sender().send('{}', never))).to.match(new RegExp(`^The answer was ${status}`));
      expect(receiver.received).to.have.length(1);
    });
  }

  it('waits no longer than its limit', async () => {
    receiver.status = 0;
    expect(await failureOf(sender(receiver.url, 100).send('{}', never))).to.equal('No answer within 0.1 s');
  });

  it('stops when it is told to', async () => {
    receiver.status = 0;
    const controller = new AbortController();
    const sending = failureOf(sender().send('{}', controller.signal));
    await receiver.next(() => true);
    controller.abort();
    expect(await sending).not.to.equal('none');
  });

  it('says why nobody can be reached, and not where', async () => {
    const { url } = receiver;
    await receiver[Symbol.asyncDispose]();
    expect(await failureOf(sender(url).send('{}', never))).to.equal(
      'The address cannot be reached (ECONNREFUSED)',
    );
    receiver = await WebhookReceiver.open();
  });
});
