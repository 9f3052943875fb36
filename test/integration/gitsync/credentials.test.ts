/** Credentials in the URL of a source. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { commit, events, MESH, open, REVISION, root, startFails, state, useRepository } from './remote.ts';

useRepository();

describe('credentials in a URL', () => {
  /** git's own HTTP backend behind a server that wants a password. */
  function backend(request: IncomingMessage, response: ServerResponse): void {
    if (request.headers.authorization !== `Basic ${Buffer.from('robot:s3kr3t-t0ken').toString('base64')}`) {
      response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="git"' }).end();
      return;
    }
    const url = new URL(request.url ?? '/', 'http://localhost');
    const child = spawn('git', ['http-backend'], {
      env: {
        PATH: process.env['PATH'],
        GIT_PROJECT_ROOT: root,
        GIT_HTTP_EXPORT_ALL: '1',
        PATH_INFO: url.pathname,
        QUERY_STRING: url.search.slice(1),
        REQUEST_METHOD: request.method,
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
        GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      },
    });
    request.pipe(child.stdin);
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('close', () => {
      const output = Buffer.concat(chunks);
      const end = output.indexOf('\r\n\r\n');
      let status = 200;
      for (const line of output.toString('latin1', 0, end).split('\r\n')) {
        const [name = '', value = ''] = line.split(': ');
        if (name === 'Status') status = Number.parseInt(value, 10);
        else response.setHeader(name, value);
      }
      response.writeHead(status).end(output.subarray(end + 4));
    });
  }

  it('open the repository, and appear in no log, status, state or cache', async () => {
    const server = createHttpServer(backend).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const revision = commit({ 'mesh.yaml': MESH, 'v1.yaml': REVISION, 'overlay.tpl': '' });
    try {
      const source = open({ source: `http://robot:s3kr3t-t0ken@${host}/remote/.git` });
      await source.start();
      assert.equal(source.current()?.revision, revision);
      commit({ 'overlay.tpl': '# next' });
      assert.deepEqual((await source.sync()).problems, []);

      const refused = open({ source: `http://robot:wr0ng-t0ken@${host}/remote/.git`, stateDir: join(root, 'other') });
      const error = await startFails(refused);
      assert.equal(error.code, 'SOURCE_UNAUTHORIZED');
      const shown = JSON.stringify([events, source.status(), refused.status(), error.message, error.stack]);
      assert.ok(!shown.includes('t0ken'), shown);
      for (const directory of [state, join(root, 'other')]) {
        for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
          const path = join(entry.parentPath, entry.name);
          if (entry.isFile()) assert.ok(!readFileSync(path, 'latin1').includes('t0ken'), path);
        }
      }
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });
});
