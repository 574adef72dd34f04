import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect } from 'chai';
import { dropWhenStalled } from '../../../../src/server/rest/stalled-clients.js';

describe('dropWhenStalled()', () => {
  it('drops a client that reads nothing, and waits for a server that is slow', async () => {
    const ended: string[] = [];
    const server = createServer((request, response) => {
      dropWhenStalled(response, 60);
      response.once('close', () => ended.push(`${request.url} ${response.writableFinished}`));
      if (request.url === '/slow') setTimeout(() => response.end('late'), 250);
      else response.write(Buffer.alloc(32 * 1024 * 1024));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const slow = await fetch(`http://127.0.0.1:${port}/slow`);
    expect(await slow.text()).to.equal('late');
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {}); // it is cut off
    socket.write('GET /stalled HTTP/1.1\r\nHost: x\r\n\r\n');
    socket.pause();
    while (ended.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(ended).to.deep.equal(['/slow true', '/stalled false']);
    socket.destroy();
    server.close();
    server.closeAllConnections();
  });
});
