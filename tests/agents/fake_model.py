#!/usr/bin/env python3
"""A scripted model server for real coding agents (Python >= 3.9, standard library only). It listens on 127.0.0.1 alone.

USAGE
  python3 fake_model.py [--port 8787] [--scenarios DIR] [--log FILE.jsonl] [--quiet]

  Every agent gets a base URL that names a scenario and a run id:

      http://127.0.0.1:8787/s/<scenario>/<run>            <- base for Anthropic & Gemini clients
      http://127.0.0.1:8787/s/<scenario>/<run>/v1         <- base for OpenAI-style clients

  <scenario> is DIR/<scenario>.json, or one that was posted; <run> is any string; each (scenario, run) has its own
  turn counter, so a fresh run id = a fresh script.   The path's tail selects the wire:

      POST .../responses                        OpenAI Responses API        (SSE if stream:true)
      POST .../chat/completions                 OpenAI Chat Completions     (SSE if stream:true)
      POST .../messages                         Anthropic Messages          (SSE if stream:true)
      POST .../messages/count_tokens            Anthropic token count
      POST .../models/<m>:streamGenerateContent Gemini (SSE)
      POST .../models/<m>:generateContent       Gemini (JSON)
      POST .../models/<m>:countTokens           Gemini token count
      GET  .../models                           model list (OpenAI + Anthropic superset)
      anything else                             404 JSON (and logged)

  Admin:  GET /_ping      POST /_scenario/<name> (body = scenario JSON)      GET /_calls

SCENARIO JSON
  { "turns": [TURN, ...],           main requests consume turns in order; when they run out:
    "exhausted": "(done)",          text sent after the last turn
    "repeat_last": false,           true: the last turn repeats for ever instead
    "cwd": "/some/folder",          where relative paths of write, edit and read are, for agents that want absolute ones
    "side": "Fake title",           reply to side requests (= requests offering no tools: titles, probes)
    "side_has_tools": false }       true: count every request as a main request

  TURN keys (all optional, combined in this order: error, text/thinking, tools, usage, cut):
    "error":  {"status":429, "headers":{"retry-after":"1"}, "body":{...}, "type":"rate_limit"}
    "sse_error": {"type":"overloaded_error","message":"..."}    error event inside a 200 stream
    "reset": true                    accept the request, then RST the socket with no answer
    "delay_ms": 500                  wait before the first byte
    "thinking": "..."                a reasoning/thinking block first
    "text":   ["del","ta"] or "one string"
    "text_lines": {"n":20000, "fmt":"line %d of the long answer\n", "per_delta":200}
    "drip_ms": 300                   pause between deltas
    "shell":  "echo hi > out.txt"    call the agent's own shell tool, whatever it is named there
    "write":  {"path":"a.txt","content":"..."}              the agent's file-writing tool
    "edit":   {"path":"a.txt","old":"x","new":"y"}          the agent's edit/patch tool
    "read":   {"path":"a.txt"}                              the agent's read tool
    "tool":   {"name":"X","args":{...}}                     a raw tool call
    "tools":  [ {"shell":..}, {"tool":..}, ... ]            several calls in one turn
    "extra":  {...}                  arguments for the shell tool, as far as the agent's own has them
    "usage":  {"input":1200,"cached":1000,"output":34,"reasoning":0}
    "cut_after": 3                   close the socket abruptly after N deltas (no terminal event)
    "split_utf8": true               write each SSE frame in 7-byte TCP writes (splits UTF-8)
"""
import argparse, json, os, re, socket, struct, sys, threading, time, uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LOCK = threading.Lock()
COUNT = {}          # (scenario, run) -> next turn index
MEM = {}            # scenarios posted at run time
CALLS = []          # short log
ARGS = None


class Cut(Exception):
    pass


def log(rec):
    rec["t"] = round(time.time(), 3)
    with LOCK:
        CALLS.append({k: rec.get(k) for k in ("t", "method", "path", "turn", "note")})
        if ARGS.log:
            with open(ARGS.log, "a") as f:
                f.write(json.dumps(rec) + "\n")
    if not ARGS.quiet:
        print(rec["t"], rec.get("method"), rec.get("path"), rec.get("turn"), rec.get("note", ""), file=sys.stderr, flush=True)


def load(name):
    if name in MEM:
        return MEM[name]
    p = os.path.join(ARGS.scenarios, os.path.basename(name) + ".json")
    if os.path.exists(p):
        with open(p) as f:
            return json.load(f)
    return {"turns": [{"text": "Unknown scenario %s." % name}]}


def tool_names(body):
    """name -> (kind, schema) of the tools offered, in any of the four dialects"""
    out = {}
    for t in body.get("tools") or []:
        if "functionDeclarations" in t or "function_declarations" in t:
            for f in t.get("functionDeclarations") or t.get("function_declarations"):
                out[f["name"]] = ("function", f.get("parametersJsonSchema") or f.get("parameters") or {})
        elif t.get("type") == "function" and "function" in t:
            out[t["function"]["name"]] = ("function", t["function"].get("parameters") or {})
        elif t.get("type") == "namespace":
            for f in t.get("tools", []):
                out[f.get("name")] = (f.get("type", "function"), f.get("parameters") or {})
        elif t.get("type") == "custom":
            out[t["name"]] = ("custom", {})
        elif "name" in t:
            out[t["name"]] = ("function", t.get("parameters") or t.get("input_schema") or {})
        elif t.get("type"):
            out[t["type"]] = ("builtin", {})
    # the Responses Lite shape: tools inside an input item
    for it in body.get("input") or []:
        if isinstance(it, dict) and it.get("type") == "additional_tools":
            out.update(tool_names({"tools": it.get("tools")}))
    return out


def props(offer, name):
    return (offer.get(name, ("", {}))[1] or {}).get("properties") or {}


def resolve(t, offer, cwd):
    """abstract tool turn -> (name, kind, args|text)"""
    ab = lambda p: p if os.path.isabs(p) else os.path.join(cwd, p)
    if "tool" in t:
        n = t["tool"]["name"]
        k = offer.get(n, ("function",))[0]
        if "input" in t["tool"]:
            return n, "custom", t["tool"]["input"]
        return n, k if k == "function" else "function", t["tool"].get("args", {})
    if "shell" in t:
        for n in ("exec_command", "shell_command", "shell", "local_shell", "Bash", "bash", "run_shell_command"):
            if n in offer:
                p = props(offer, n)
                if n == "exec_command":
                    a = {"cmd": t["shell"]}
                elif n == "shell" and (p.get("command") or {}).get("type") == "array":
                    a = {"command": ["bash", "-lc", t["shell"]]}
                else:
                    a = {"command": t["shell"]}
                if "description" in p:
                    a["description"] = "Run a test command"
                if n == "run_shell_command" and "is_background" in p:
                    a["is_background"] = False
                a.update({k: v for k, v in (t.get("extra") or {}).items() if k in p})
                return n, "function", a
        return "shell", "function", {"command": t["shell"]}
    if "write" in t:
        w = t["write"]
        if "apply_patch" in offer:
            body = "*** Begin Patch\n*** Add File: %s\n%s*** End Patch\n" % (
                w["path"], "".join("+%s\n" % l for l in w["content"].splitlines()))
            return ("apply_patch", "custom", body) if offer["apply_patch"][0] == "custom" else ("apply_patch", "function", {"input": body})
        for n, a in (("Write", {"file_path": ab(w["path"]), "content": w["content"]}),
                     ("write", {"filePath": ab(w["path"]), "content": w["content"]}),
                     ("write_file", {"file_path": ab(w["path"]), "content": w["content"]})):
            if n in offer:
                return n, "function", a
    if "read" in t:
        for n, a in (("Read", {"file_path": ab(t["read"]["path"])}), ("read", {"filePath": ab(t["read"]["path"])}),
                     ("read_file", {"file_path": ab(t["read"]["path"])})):
            if n in offer:
                return n, "function", a
        return resolve({"shell": "cat " + t["read"]["path"]}, offer, cwd)
    if "edit" in t:
        e = t["edit"]
        if "apply_patch" in offer:
            body = "*** Begin Patch\n*** Update File: %s\n@@\n-%s\n+%s\n*** End Patch\n" % (e["path"], e["old"], e["new"])
            return ("apply_patch", "custom", body) if offer["apply_patch"][0] == "custom" else ("apply_patch", "function", {"input": body})
        for n, a in (("Edit", {"file_path": ab(e["path"]), "old_string": e["old"], "new_string": e["new"]}),
                     ("edit", {"filePath": ab(e["path"]), "oldString": e["old"], "newString": e["new"]}),
                     ("replace", {"file_path": ab(e["path"]), "old_string": e["old"], "new_string": e["new"], "instruction": "test edit"})):
            if n in offer:
                if n == "edit" and "file_path" in props(offer, n):
                    a = {"file_path": ab(e["path"]), "old_string": e["old"], "new_string": e["new"]}
                return n, "function", a
    return "shell", "function", {"command": "true"}


def calls_of(turn, offer, cwd):
    ts = list(turn.get("tools") or [])
    for k in ("shell", "write", "edit", "read", "tool"):
        if k in turn:
            ts.append({k: turn[k], "extra": turn.get("extra")})
    return [resolve(t, offer, cwd) for t in ts]


def deltas(turn):
    if "text_lines" in turn:
        s = turn["text_lines"]
        fmt, per = s.get("fmt", "line %d of the long answer\n"), s.get("per_delta", 200)
        buf = []
        for i in range(1, s["n"] + 1):
            buf.append(fmt % i if "%d" in fmt else fmt)
            if len(buf) == per:
                yield "".join(buf)
                buf = []
        if buf:
            yield "".join(buf)
    x = turn.get("text")
    if isinstance(x, str):
        yield x
    elif x:
        yield from x


class H(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *a):
        pass

    # ---------- plumbing
    def js(self, status, obj, headers=None):
        b = json.dumps(obj).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(b)))
        self.send_header("request-id", "req_fake")
        for k, v in (headers or {}).items():
            self.send_header(k, v)
        self.end_headers()
        self.wfile.write(b)

    def sse_start(self):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream; charset=utf-8")
        self.send_header("cache-control", "no-cache")
        self.send_header("transfer-encoding", "chunked")
        self.send_header("request-id", "req_fake")
        self.end_headers()

    def chunk(self, b):
        if self.split:
            for i in range(0, len(b), 7):
                p = b[i:i + 7]
                self.wfile.write(b"%x\r\n%s\r\n" % (len(p), p))
                self.wfile.flush()
        else:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(b), b))
            self.wfile.flush()

    def ev(self, obj, name=None):
        s = json.dumps(obj, ensure_ascii=False)
        self.chunk((("event: %s\n" % name if name else "") + "data: " + s + "\n\n").encode())

    def sse_end(self):
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    def rst(self):
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    # ---------- routing
    def do_GET(self):
        p = self.path.split("?")[0]
        log({"method": "GET", "path": self.path})
        if p == "/_ping":
            return self.js(200, {"ok": True})
        if p == "/_calls":
            return self.js(200, CALLS)
        if p.endswith("/models"):
            ids = ["fake-model", "gpt-5.1-codex", "claude-sonnet-4-5"]
            return self.js(200, {"object": "list", "has_more": False, "first_id": ids[0], "last_id": ids[-1], "data": [
                {"id": i, "object": "model", "type": "model", "display_name": i, "created": 1, "created_at": "2025-01-01T00:00:00Z", "owned_by": "fake"} for i in ids]})
        self.js(404, {"error": {"type": "not_found_error", "message": "fake: no such path"}})

    def do_POST(self):
        n = int(self.headers.get("content-length") or 0)
        if self.headers.get("transfer-encoding", "").lower() == "chunked":
            raw = b""
            while True:
                ln = int(self.rfile.readline().strip() or b"0", 16)
                if ln == 0:
                    self.rfile.readline()
                    break
                raw += self.rfile.read(ln)
                self.rfile.readline()
        else:
            raw = self.rfile.read(n)
        if (self.headers.get("content-encoding") or "") == "gzip":
            import gzip
            raw = gzip.decompress(raw)
        try:
            body = json.loads(raw or b"{}")
        except Exception:
            body = {"_raw": raw[:200].decode("latin1")}
        p = self.path.split("?")[0]
        self.split = False
        if p.startswith("/_scenario/"):
            MEM[p.split("/")[2]] = body
            return self.js(200, {"ok": True})
        m = re.match(r"^/s/([^/]+)/([^/]+)(/.*)$", p)
        sc, run, tail = (m.group(1), m.group(2), m.group(3)) if m else ("say", "default", p)
        scen = load(sc)
        offer = tool_names(body) if isinstance(body, dict) else {}
        wire = ("responses" if tail.endswith("/responses") else "chat" if tail.endswith("/chat/completions")
                else "anthropic" if tail.endswith("/messages") else "gemini" if "enerateContent" in tail else None)
        rec = {"method": "POST", "path": self.path, "wire": wire, "tools": sorted(offer), "headers": {k.lower(): v for k, v in self.headers.items()}, "body": body}
        if tail.endswith("/count_tokens"):
            log(dict(rec, note="count_tokens"))
            return self.js(200, {"input_tokens": 100})
        if tail.endswith(":countTokens"):
            log(dict(rec, note="countTokens"))
            return self.js(200, {"totalTokens": 100})
        if wire is None:
            log(dict(rec, note="unknown path"))
            return self.js(404, {"error": {"type": "not_found_error", "message": "fake: no such path " + tail}})
        side = not offer and not scen.get("side_has_tools")
        if side:
            turn, idx = {"text": scen.get("side", "Fake title")}, "side"
        else:
            with LOCK:
                idx = COUNT.get((sc, run), 0)
                COUNT[(sc, run)] = idx + 1
            turns = scen.get("turns", [])
            turn = (turns[idx] if idx < len(turns) else turns[-1] if scen.get("repeat_last") and turns
                    else {"text": scen.get("exhausted", "(scenario exhausted)")})
        log(dict(rec, turn=idx))
        self.split = bool(turn.get("split_utf8"))
        if turn.get("delay_ms"):
            time.sleep(turn["delay_ms"] / 1000)
        try:
            if turn.get("reset"):
                return self.rst()
            if "error" in turn:
                e = turn["error"]
                st = e.get("status", 500)
                typ = e.get("type") or {400: "invalid_request_error", 401: "authentication_error", 429: "rate_limit_error", 529: "overloaded_error"}.get(st, "api_error")
                msg = e.get("message") or "fake %s" % typ
                b = e.get("body") or ({"error": {"code": st, "message": msg, "status": {429: "RESOURCE_EXHAUSTED", 401: "UNAUTHENTICATED"}.get(st, "INTERNAL")}} if wire == "gemini"
                                      else {"type": "error", "error": {"type": typ, "message": msg, "code": e.get("code") or typ}, "request_id": "req_fake"})
                return self.js(st, b, e.get("headers"))
            calls = calls_of(turn, offer, scen.get("cwd", os.getcwd()))
            u = {"input": 1000, "cached": 0, "output": 20, "reasoning": 0}
            u.update(turn.get("usage") or {})
            getattr(self, "do_" + wire)(body, turn, calls, u, tail)
        except Cut:
            self.rst()
        except (BrokenPipeError, ConnectionResetError):
            log({"method": "POST", "path": self.path, "turn": idx, "note": "client went away mid-stream"})
            self.close_connection = True

    def drip(self, turn, emit):
        cut, gap, n = turn.get("cut_after"), turn.get("drip_ms", 0) / 1000, 0
        for d in deltas(turn):
            if cut is not None and n >= cut:
                raise Cut()
            emit(d)
            n += 1
            if gap:
                time.sleep(gap)
        if cut is not None:
            raise Cut()

    # ---------- OpenAI Responses
    def do_responses(self, body, turn, calls, u, tail):
        rid, out, stream = "resp_" + uuid.uuid4().hex[:12], [], body.get("stream", False)
        usage = {"input_tokens": u["input"], "input_tokens_details": {"cached_tokens": u["cached"]}, "output_tokens": u["output"],
                 "output_tokens_details": {"reasoning_tokens": u["reasoning"]}, "total_tokens": u["input"] + u["output"]}
        base = {"id": rid, "object": "response", "created_at": int(time.time()), "model": body.get("model"), "status": "in_progress", "output": []}
        seq = [0]

        def ev(t, **kw):
            if stream:
                self.ev(dict(type=t, sequence_number=seq[0], **kw), t)
                seq[0] += 1
        if stream:
            self.sse_start()
        ev("response.created", response=base)
        i = 0
        if turn.get("thinking"):
            item = {"id": "rs_" + rid, "type": "reasoning", "summary": [{"type": "summary_text", "text": turn["thinking"]}], "encrypted_content": None}
            ev("response.output_item.added", output_index=i, item=dict(item, summary=[]))
            ev("response.reasoning_summary_part.added", item_id=item["id"], output_index=i, summary_index=0, part={"type": "summary_text", "text": ""})
            ev("response.reasoning_summary_text.delta", item_id=item["id"], output_index=i, summary_index=0, delta=turn["thinking"])
            ev("response.reasoning_summary_text.done", item_id=item["id"], output_index=i, summary_index=0, text=turn["thinking"])
            ev("response.output_item.done", output_index=i, item=item)
            out.append(item)
            i += 1
        if turn.get("text") or turn.get("text_lines"):
            mid, buf = "msg_" + rid, []
            ev("response.output_item.added", output_index=i, item={"id": mid, "type": "message", "role": "assistant", "status": "in_progress", "content": []})
            ev("response.content_part.added", item_id=mid, output_index=i, content_index=0, part={"type": "output_text", "text": "", "annotations": []})

            def emit(d):
                buf.append(d)
                ev("response.output_text.delta", item_id=mid, output_index=i, content_index=0, delta=d)
            self.drip(turn, emit)
            txt = "".join(buf)
            part = {"type": "output_text", "text": txt, "annotations": []}
            item = {"id": mid, "type": "message", "role": "assistant", "status": "completed", "content": [part]}
            ev("response.output_text.done", item_id=mid, output_index=i, content_index=0, text=txt)
            ev("response.content_part.done", item_id=mid, output_index=i, content_index=0, part=part)
            ev("response.output_item.done", output_index=i, item=item)
            out.append(item)
            i += 1
        elif turn.get("cut_after") is not None:
            raise Cut()
        for name, kind, a in calls:
            cid = "call_" + uuid.uuid4().hex[:10]
            if kind == "custom":
                item = {"id": "ctc_" + cid, "type": "custom_tool_call", "status": "completed", "call_id": cid, "name": name, "input": a}
                ev("response.output_item.added", output_index=i, item=dict(item, input="", status="in_progress"))
                ev("response.custom_tool_call_input.delta", item_id=item["id"], output_index=i, delta=a)
                ev("response.custom_tool_call_input.done", item_id=item["id"], output_index=i, input=a)
            else:
                s = json.dumps(a)
                item = {"id": "fc_" + cid, "type": "function_call", "status": "completed", "call_id": cid, "name": name, "arguments": s}
                ev("response.output_item.added", output_index=i, item=dict(item, arguments="", status="in_progress"))
                ev("response.function_call_arguments.delta", item_id=item["id"], output_index=i, delta=s)
                ev("response.function_call_arguments.done", item_id=item["id"], output_index=i, arguments=s)
            ev("response.output_item.done", output_index=i, item=item)
            out.append(item)
            i += 1
        if turn.get("sse_error"):
            e = turn["sse_error"]
            ev("response.failed", response=dict(base, status="failed", error={"code": e.get("type", "server_error"), "message": e.get("message", "fake failure")}))
            return self.sse_end() if stream else None
        final = dict(base, status="completed", output=out, usage=usage)
        if stream:
            ev("response.completed", response=final)
            self.sse_end()
        else:
            self.js(200, final)

    # ---------- OpenAI Chat Completions
    def do_chat(self, body, turn, calls, u, tail):
        cid = "chatcmpl-" + uuid.uuid4().hex[:12]
        usage = {"prompt_tokens": u["input"], "completion_tokens": u["output"], "total_tokens": u["input"] + u["output"],
                 "prompt_tokens_details": {"cached_tokens": u["cached"]}, "completion_tokens_details": {"reasoning_tokens": u["reasoning"]}}
        tcs = [{"id": "call_" + uuid.uuid4().hex[:10], "type": "function", "function": {"name": n, "arguments": json.dumps(a)}} for n, k, a in calls]
        fin = "tool_calls" if tcs else "stop"
        head = {"id": cid, "created": int(time.time()), "model": body.get("model")}
        if not body.get("stream"):
            msg = {"role": "assistant", "content": "".join(deltas(turn)) or None}
            if tcs:
                msg["tool_calls"] = tcs
            return self.js(200, dict(head, object="chat.completion", choices=[{"index": 0, "message": msg, "finish_reason": fin}], usage=usage))
        self.sse_start()
        ev = lambda d, f=None, **kw: self.ev(dict(head, object="chat.completion.chunk", choices=[{"index": 0, "delta": d, "finish_reason": f}], **kw))
        ev({"role": "assistant", "content": ""})
        if turn.get("thinking"):
            ev({"reasoning_content": turn["thinking"]})
        self.drip(turn, lambda d: ev({"content": d}))
        for k, t in enumerate(tcs):
            ev({"tool_calls": [{"index": k, "id": t["id"], "type": "function", "function": {"name": t["function"]["name"], "arguments": ""}}]})
            ev({"tool_calls": [{"index": k, "function": {"arguments": t["function"]["arguments"]}}]})
        if turn.get("sse_error"):
            self.ev({"error": turn["sse_error"]})
            return self.sse_end()
        ev({}, fin)
        self.ev(dict(head, object="chat.completion.chunk", choices=[], usage=usage))
        self.chunk(b"data: [DONE]\n\n")
        self.sse_end()

    # ---------- Anthropic Messages
    def do_anthropic(self, body, turn, calls, u, tail):
        mid = "msg_" + uuid.uuid4().hex[:16]
        usage = {"input_tokens": u["input"], "cache_creation_input_tokens": 0, "cache_read_input_tokens": u["cached"], "output_tokens": 1,
                 "service_tier": "standard"}
        tu = [{"type": "tool_use", "id": "toolu_" + uuid.uuid4().hex[:16], "name": n, "input": a} for n, k, a in calls]
        stop = "tool_use" if tu else "end_turn"
        msg = {"id": mid, "type": "message", "role": "assistant", "model": body.get("model"), "content": [], "stop_reason": None, "stop_sequence": None, "usage": usage}
        if not body.get("stream"):
            c = [{"type": "text", "text": "".join(deltas(turn))}] if (turn.get("text") or turn.get("text_lines")) else []
            return self.js(200, dict(msg, content=c + tu, stop_reason=stop, usage=dict(usage, output_tokens=u["output"])))
        self.sse_start()
        ev = lambda t, **kw: self.ev(dict(type=t, **kw), t)
        ev("message_start", message=msg)
        ev("ping")
        i = 0
        if turn.get("thinking"):
            ev("content_block_start", index=i, content_block={"type": "thinking", "thinking": "", "signature": ""})
            ev("content_block_delta", index=i, delta={"type": "thinking_delta", "thinking": turn["thinking"]})
            ev("content_block_delta", index=i, delta={"type": "signature_delta", "signature": "ZmFrZQ=="})
            ev("content_block_stop", index=i)
            i += 1
        if turn.get("text") or turn.get("text_lines"):
            ev("content_block_start", index=i, content_block={"type": "text", "text": ""})
            self.drip(turn, lambda d: ev("content_block_delta", index=i, delta={"type": "text_delta", "text": d}))
            ev("content_block_stop", index=i)
            i += 1
        elif turn.get("cut_after") is not None:
            raise Cut()
        for t in tu:
            ev("content_block_start", index=i, content_block=dict(t, input={}))
            ev("content_block_delta", index=i, delta={"type": "input_json_delta", "partial_json": json.dumps(t["input"])})
            ev("content_block_stop", index=i)
            i += 1
        if turn.get("sse_error"):
            ev("error", error=dict({"type": "overloaded_error", "message": "Overloaded"}, **turn["sse_error"]))
            return self.sse_end()
        ev("message_delta", delta={"stop_reason": stop, "stop_sequence": None}, usage=dict(usage, output_tokens=u["output"]))
        ev("message_stop")
        self.sse_end()

    # ---------- Gemini
    def do_gemini(self, body, turn, calls, u, tail):
        um = {"promptTokenCount": u["input"], "cachedContentTokenCount": u["cached"], "candidatesTokenCount": u["output"],
              "totalTokenCount": u["input"] + u["output"], "thoughtsTokenCount": u["reasoning"]}
        fcs = [{"functionCall": {"name": n, "args": a, "id": "fc_" + uuid.uuid4().hex[:8]}} for n, k, a in calls]
        obj = lambda parts, fin=None: {"candidates": [dict({"index": 0, "content": {"role": "model", "parts": parts}}, **({"finishReason": fin} if fin else {}))],
                                       "modelVersion": "fake", "responseId": "r_fake", "usageMetadata": um}
        txt = list(deltas(turn))
        if "streamGenerateContent" not in tail:
            want = ((body.get("generationConfig") or {}).get("responseMimeType") or "") == "application/json"
            if want:   # routers / checkers ask for JSON
                return self.js(200, obj([{"text": json.dumps({"reasoning": "fake", "model_choice": "flash", "next_speaker": "user", "complexity_score": 10, "complexity_reasoning": "fake"})}], "STOP"))
            return self.js(200, obj([{"text": "".join(txt)}] + fcs if txt else fcs, "STOP"))
        self.sse_start()
        if turn.get("thinking"):
            self.ev(obj([{"text": turn["thinking"], "thought": True}]))
        self.drip(turn, lambda d: self.ev(obj([{"text": d}])))
        if fcs:
            self.ev(obj(fcs))
        if turn.get("sse_error"):
            self.ev({"error": {"code": 503, "status": "UNAVAILABLE", "message": "The model is overloaded."}})
            return self.sse_end()
        self.ev(obj([{"text": ""}], "STOP"))
        self.sse_end()


class S(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, addr):
        e = sys.exc_info()[1]
        if not isinstance(e, (ConnectionResetError, BrokenPipeError, OSError, ValueError)):
            super().handle_error(request, addr)


if __name__ == "__main__":
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--port", type=int, default=8787)
    ap.add_argument("--scenarios", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "scenarios"))
    ap.add_argument("--log")
    ap.add_argument("--quiet", action="store_true")
    ARGS = ap.parse_args()
    srv = S(("127.0.0.1", ARGS.port), H)
    print("fake model on http://127.0.0.1:%d/s/<scenario>/<run>" % srv.server_address[1], flush=True)
    try:
        srv.serve_forever()
    except KeyboardInterrupt:
        pass
