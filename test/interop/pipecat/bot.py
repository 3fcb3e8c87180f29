"""
A real Pipecat bot without cloud services, for the tests of the bridge. It greets, echoes, talks when told, lets itself be
interrupted by Pipecat's own means, and ends the call. Runs on Pipecat 1.2.1 and on the newest.

What happens to it is written to standard output, one JSON object a line; the first says the port it listens on.

Keys (telephone keys, or RTVI client messages {"t": "message", "d": {"do": …}}):
  1 / talk     a tone of --talk-ms
  9 / end      a short tone, then EndFrame: Pipecat ends the call
  - / tell     server-message with what came as `data`
  - / said     a line of the caller and one of the bot, as transcripts
  - / fatal    a fatal ErrorFrame
  - / stall    blocks the event loop for `ms`, as a busy bot does
"""

import argparse
import array
import asyncio
import inspect
import json
import math
import os
import socket
import sys
import time
import wave
from datetime import datetime, timezone

import uvicorn
from fastapi import FastAPI, WebSocket
from loguru import logger
from pipecat.frames.frames import (
    AggregatedTextFrame,
    BotStoppedSpeakingFrame,
    EndFrame,
    ErrorFrame,
    InputAudioRawFrame,
    InputDTMFFrame,
    OutputAudioRawFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    TTSTextFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.runner.utils import parse_telephony_websocket
from pipecat.serializers.protobuf import ProtobufFrameSerializer
from pipecat.serializers.twilio import TwilioFrameSerializer
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport

try:
    from pipecat.pipeline.worker import PipelineParams, PipelineWorker
    from pipecat.workers.runner import WorkerRunner
except ImportError:  # before 1.3.0
    from pipecat.pipeline.runner import PipelineRunner as WorkerRunner
    from pipecat.pipeline.task import PipelineParams, PipelineTask as PipelineWorker

LOUD = 500
"""Mean level of a frame, of 32768, that counts as a voice."""
LOUD_FRAMES_TO_INTERRUPT = 3
GATE_CLOSES_AFTER_SECS = 0.5
CHUNK_MS = 40


def options_of(arguments=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("--serializer", choices=["protobuf", "twilio"], default="protobuf")
    parser.add_argument("--greet-on", choices=["ready", "connect"], default=None)
    parser.add_argument("--greeting", default="tones", help="tones, none, or a WAV file (16-bit, mono)")
    parser.add_argument("--greeting-ms", type=int, default=1000, help="length of the tones")
    parser.add_argument("--said", action="store_true", help="before the greeting, a line of the caller and one of the bot")
    parser.add_argument("--no-echo", action="store_true")
    parser.add_argument("--talk-ms", type=int, default=10_000)
    parser.add_argument("--end-after-ms", type=int, default=None, help="ends the call so long after the greeting began")
    parser.add_argument("--in-rate", type=int, default=None)
    parser.add_argument("--out-rate", type=int, default=None)
    parser.add_argument("--wav-headers", action="store_true")
    parser.add_argument("--account-sid", default=None, help="with the two below it hangs up by REST, from 1.5.0")
    parser.add_argument("--auth-token", default=None)
    parser.add_argument("--base-url", default=None)
    options = parser.parse_args(arguments)
    twilio = options.serializer == "twilio"
    options.greet_on = options.greet_on or ("connect" if twilio else "ready")
    options.in_rate = options.in_rate or (8000 if twilio else 16000)
    options.out_rate = options.out_rate or (8000 if twilio else 24000)
    return options


def tell(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


def tone(rate, hertz, ms, level=8000):
    step = 2 * math.pi * hertz / rate
    return array.array("h", (round(level * math.sin(step * i)) for i in range(rate * ms // 1000))).tobytes()


def greeting_of(options):
    """Three tones that rise, a tenth of silence before each but the first: what is missing or twice there can be heard."""
    if options.greeting == "none":
        return b""
    if options.greeting != "tones":
        with wave.open(options.greeting, "rb") as file:
            options.greeting_rate = file.getframerate()
            return file.readframes(file.getnframes())
    options.greeting_rate = options.out_rate
    third = options.greeting_ms // 3
    gap = third // 10
    pause = b"\x00\x00" * (options.out_rate * gap // 1000)
    parts = [tone(options.out_rate, hertz, third - gap) for hertz in (440, 660, 880)]
    return pause.join(parts)


class Talker(FrameProcessor):
    """What stands where speech recognition, a language model and a voice would be."""

    def __init__(self, options):
        super().__init__()
        self._options = options
        self.worker = None
        self._says_until = 0.0
        self._loud_frames = 0
        self._heard_at = -math.inf
        self._hearing = False

    async def greet(self):
        if self._options.said:
            await self.obey("said", {})
        await self._say(greeting_of(self._options), getattr(self._options, "greeting_rate", 0))
        if self._options.end_after_ms is not None:
            self.create_task(self._end_later(self._options.end_after_ms / 1000))

    async def obey(self, command, data):
        if command == "talk":
            rate = self._options.out_rate
            await self._say(tone(rate, 500, data.get("ms", self._options.talk_ms)), rate)
        elif command == "end":
            await self._say(tone(self._options.out_rate, 300, 200), self._options.out_rate)
            await self.worker.queue_frame(EndFrame())
        elif command == "tell":
            await self.worker.rtvi.send_server_message(data.get("data"))
        elif command == "said":
            now = datetime.now(timezone.utc).isoformat()
            await self.push_frame(TranscriptionFrame("what time is it", "caller", now))
            await self.push_frame(text_frame(AggregatedTextFrame, "It is noon.", "sentence"))
            await self._say(tone(self._options.out_rate, 700, 400), self._options.out_rate, ("It", "is", "noon."))
        elif command == "fatal":
            await self.push_frame(ErrorFrame("made to fail", fatal=True), FrameDirection.UPSTREAM)
        elif command == "stall":
            time.sleep(data.get("ms", 300) / 1000)

    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        if isinstance(frame, InputAudioRawFrame):
            await self._hear(frame)
            return
        if isinstance(frame, InputDTMFFrame):
            tell("dtmf", button=frame.button.value)
            await self.obey({"1": "talk", "9": "end"}.get(frame.button.value), {})
        if isinstance(frame, BotStoppedSpeakingFrame):
            tell("said")
        await self.push_frame(frame, direction)

    async def _say(self, audio, rate, words=()):
        if not audio:
            return
        # Pipecat sends whole chunks only, and keeps what is left for the next time it speaks.
        audio += bytes(-len(audio) % (2 * rate * CHUNK_MS // 1000))
        await self.push_frame(TTSStartedFrame())
        await self.push_frame(TTSAudioRawFrame(audio, rate, 1))
        for word in words:
            await self.push_frame(text_frame(TTSTextFrame, word, "word"))
        await self.push_frame(TTSStoppedFrame())
        start = max(time.monotonic(), self._says_until)
        self._says_until = start + len(audio) / 2 / rate

    async def _hear(self, frame):
        samples = memoryview(frame.audio).cast("h")
        level = sum(abs(sample) for sample in samples) / max(1, len(samples))
        now = time.monotonic()
        if level > LOUD:
            self._loud_frames += 1
            self._heard_at = now
        else:
            self._loud_frames = 0
        if not self._hearing and self._loud_frames >= LOUD_FRAMES_TO_INTERRUPT:
            self._hearing = True
            await self.broadcast_frame(UserStartedSpeakingFrame)
            if now < self._says_until:
                self._says_until = 0.0
                tell("interrupted")
                await self.broadcast_interruption()
        elif self._hearing and now - self._heard_at > GATE_CLOSES_AFTER_SECS:
            self._hearing = False
            await self.broadcast_frame(UserStoppedSpeakingFrame)
        if self._hearing and now >= self._says_until and not self._options.no_echo:
            await self.push_frame(OutputAudioRawFrame(frame.audio, frame.sample_rate, 1))

    async def _end_later(self, seconds):
        await asyncio.sleep(seconds)
        await self.obey("end", {})


def text_frame(kind, text, form):
    """The field that says what form a text has was renamed in 1.13."""
    names = inspect.signature(kind).parameters
    return kind(text, **{"text_type" if "text_type" in names else "aggregated_by": form})


async def twilio_serializer(websocket, options):
    _, call = await parse_telephony_websocket(websocket)
    tell("call", call_id=call["call_id"], stream_id=call["stream_id"], body=dict(call.get("body") or {}))
    by_rest = options.base_url is not None and "base_url" in inspect.signature(TwilioFrameSerializer).parameters
    return TwilioFrameSerializer(
        stream_sid=call["stream_id"],
        call_sid=call["call_id"],
        account_sid=options.account_sid,
        auth_token=options.auth_token,
        params=TwilioFrameSerializer.InputParams(auto_hang_up=by_rest),
        **({"base_url": options.base_url} if by_rest else {}),
    )


async def talk_over(websocket: WebSocket, options):
    """One call, on a websocket that was accepted."""
    if options.serializer == "twilio":
        serializer = await twilio_serializer(websocket, options)
    else:
        serializer = ProtobufFrameSerializer()
    transport = FastAPIWebsocketTransport(
        websocket=websocket,
        params=FastAPIWebsocketParams(
            audio_in_enabled=True,
            audio_out_enabled=True,
            add_wav_header=options.wav_headers,
            serializer=serializer,
        ),
    )
    talker = Talker(options)
    worker = PipelineWorker(
        Pipeline([transport.input(), talker, transport.output()]),
        params=PipelineParams(audio_in_sample_rate=options.in_rate, audio_out_sample_rate=options.out_rate),
        idle_timeout_secs=None,
    )
    talker.worker = worker

    @transport.event_handler("on_client_connected")
    async def on_connected(_transport, _websocket):
        tell("connected", query=dict(websocket.query_params))
        if options.greet_on == "connect":
            await talker.greet()

    @transport.event_handler("on_client_disconnected")
    async def on_disconnected(_transport, _websocket):
        tell("disconnected")
        await worker.cancel()

    @worker.rtvi.event_handler("on_client_ready")
    async def on_ready(_rtvi):
        tell("client_ready")
        if options.greet_on == "ready":
            await talker.greet()

    @worker.rtvi.event_handler("on_client_message")
    async def on_message(_rtvi, message):
        tell("message", type=message.type, data=message.data)
        if message.type == "message" and isinstance(message.data, dict):
            await talker.obey(message.data.get("do"), message.data)

    await WorkerRunner(handle_sigint=False).run(worker)
    tell("over")


async def serve(options):
    app = FastAPI()

    @app.get("/health")
    async def health():
        return {"status": "ok"}

    @app.websocket("/ws")
    async def call(websocket: WebSocket):
        await websocket.accept()
        await talk_over(websocket, options)

    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(64)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    tell("listening", port=listener.getsockname()[1])
    await server.serve(sockets=[listener])


if __name__ == "__main__":
    logger.remove()
    logger.add(sys.stderr, level=os.environ.get("BOT_LOG_LEVEL", "WARNING"))
    asyncio.run(serve(options_of()))
