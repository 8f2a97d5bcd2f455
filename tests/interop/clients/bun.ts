// Bun's fetch, on lsquic and BoringSSL: the program that `program.py` describes.
//
// It knows how Bun is asked for HTTP/3. It refuses to know what the answers mean.

import { createInterface } from "node:readline";

const PIECES = 8;
const PAUSE = 30; // milliseconds

const [origin] = process.argv.slice(2);

function pattern(size) {
  const whole = new Uint8Array(size);
  for (let i = 0; i < size; i++) {
    const number = (i >> 2) % (1 << 14);
    whole[i] = i % 4 === 2 ? number >> 8 : i % 4 === 3 ? number & 255 : 0;
  }
  return whole;
}

function streaming(request) {
  const whole = pattern(request.size);
  const step = Math.ceil(whole.length / PIECES);
  let sent = 0;
  return new ReadableStream({
    async pull(controller) {
      if (request.gives_up_after != null && sent >= request.gives_up_after) {
        controller.error(new Error("given up"));
        return;
      }
      if (sent > 0) await Bun.sleep(PAUSE);
      controller.enqueue(whole.subarray(sent, sent + step));
      sent += step;
      if (sent >= whole.length) controller.close();
    },
  });
}

function answerOf(response, body) {
  const fields = Object.fromEntries(response.headers);
  const sha256 = new Bun.CryptoHasher("sha256").update(body).digest("hex");
  // `protocol: "http3"` is a demand, so that whatever comes is HTTP/3.
  const { status } = response;
  return { status, version: 3, fields, size: body.length, sha256, trailers: null, interim: null };
}

const nothing = { status: 0, headers: [] };

async function exchange(request) {
  const leaving = new AbortController();
  const options = {
    method: request.method ?? "GET",
    headers: request.fields ?? {},
    protocol: "http3",
    signal: leaving.signal,
  };
  if (request.streams) options.body = streaming(request);
  else if (request.size != null) options.body = pattern(request.size);
  if (request.gives_up_after == null) {
    const response = await fetch(origin + request.path, options);
    return answerOf(response, new Uint8Array(await response.arrayBuffer()));
  }
  let body = new Uint8Array(0);
  try {
    const response = await fetch(origin + request.path, options);
    for await (const piece of response.body) {
      body = Buffer.concat([body, piece]);
      if (body.length >= request.gives_up_after) break;
    }
  } catch {
    // What it gave up is an error to `fetch`.
  }
  leaving.abort();
  return answerOf(nothing, body);
}

for await (const line of createInterface({ input: process.stdin })) {
  try {
    const wanted = JSON.parse(line);
    const answers = typeof wanted === "string" ? [] : await Promise.all(wanted.map(exchange));
    console.log(JSON.stringify(answers));
  } catch (error) {
    console.log(JSON.stringify({ raised: String(error?.stack ?? error) }));
  }
}
process.exit(0);
