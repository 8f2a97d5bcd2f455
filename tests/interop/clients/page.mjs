// What a page does in a browser that is driven from outside, and the program around it: the one that
// `program.py` describes.
//
// It knows `fetch` and the lines of that program. It refuses to know which browser it is.

import { createInterface } from "node:readline";

// Runs in the page, so it may use nothing of this file.
async function exchange(requests) {
  const PIECES = 8;
  const PAUSE = 30; // milliseconds

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
        if (sent > 0) await new Promise((done) => setTimeout(done, PAUSE));
        controller.enqueue(whole.slice(sent, sent + step));
        sent += step;
        if (sent >= whole.length) controller.close();
      },
    });
  }

  async function read(response, enough) {
    const pieces = [];
    let size = 0;
    const reader = response.body?.getReader();
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true };
      if (done) break;
      pieces.push(value);
      size += value.length;
      if (enough != null && size >= enough) break;
    }
    return new Uint8Array(await new Blob(pieces).arrayBuffer());
  }

  async function digest(body) {
    const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", body));
    return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  // Firefox has no such entry for a HEAD, and says it in a field of its own.
  function isHttp3(url, fields) {
    const entries = performance.getEntriesByName(new URL(url, location.href).href);
    return entries.at(-1)?.nextHopProtocol === "h3" || fields["x-firefox-http3"] === "h3";
  }

  async function one(request) {
    const leaving = new AbortController();
    const options = {
      method: request.method ?? "GET",
      headers: request.fields ?? {},
      cache: "no-store",
      signal: leaving.signal,
    };
    if (request.streams) Object.assign(options, { body: streaming(request), duplex: "half" });
    else if (request.size != null) options.body = pattern(request.size);
    const answer = { status: 0, version: 3, fields: {}, size: 0, sha256: "" };
    try {
      const response = await fetch(request.path, options);
      const body = await read(response, request.gives_up_after);
      answer.status = response.status;
      answer.fields = Object.fromEntries(response.headers);
      answer.size = body.length;
      answer.sha256 = await digest(body);
    } catch (error) {
      if (request.gives_up_after == null) throw error;
    }
    if (request.gives_up_after != null) leaving.abort();
    else if (!isHttp3(request.path, answer.fields)) answer.version = 0;
    return { ...answer, trailers: null, interim: null };
  }

  performance.clearResourceTimings();
  return await Promise.all(requests.map(one));
}

// Be the program, in a page of the server; the browser is started with the first line.
export async function main(open) {
  let page;
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      page ??= await open();
      const wanted = JSON.parse(line);
      const answers = typeof wanted === "string" ? [] : await page.evaluate(exchange, wanted);
      console.log(JSON.stringify(answers));
    } catch (error) {
      console.log(JSON.stringify({ raised: String(error?.stack ?? error) }));
    }
  }
  process.exit(0);
}
