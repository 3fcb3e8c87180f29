"""
A Pipecat bot for talkwire. It needs no cloud key: it greets with two tones, then repeats what it hears until you press #.

    pip install -r requirements.txt
    python bot.py -t websocket

Give the number an agent of kind `pipecat` with the start route http://localhost:7860/start.
"""

import array
import math
import time

from pipecat.frames.frames import (
    EndFrame,
    InputAudioRawFrame,
    InputDTMFFrame,
    OutputAudioRawFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    UserStartedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.serializers.protobuf import ProtobufFrameSerializer
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.workers.runner import WorkerRunner

RATE_IN, RATE_OUT = 16_000, 24_000  # Pipecat's own; tell the bridge if you change them
LOUD = 500  # mean level, of 32768, that is taken for a voice


def tone(hertz, ms):
    step = 2 * math.pi * hertz / RATE_OUT
    return array.array("h", (round(6000 * math.sin(step * i)) for i in range(RATE_OUT * ms // 1000))).tobytes()


class Parrot(FrameProcessor):
    """Stands where speech recognition, a language model and a voice go (see the pipeline below)."""

    worker = None
    says_until = 0.0
    loud_frames = 0

    async def say(self, sound):
        self.says_until = time.monotonic() + len(sound) / 2 / RATE_OUT
        await self.push_frame(TTSStartedFrame())
        await self.push_frame(TTSAudioRawFrame(sound, RATE_OUT, 1))
        await self.push_frame(TTSStoppedFrame())

    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        if isinstance(frame, InputAudioRawFrame):
            await self.hear(frame)
            return
        if isinstance(frame, InputDTMFFrame) and frame.button.value == "#":
            await self.say(tone(330, 400))
            await self.worker.queue_frame(EndFrame())  # the bridge plays the goodbye, then ends the call
        await self.push_frame(frame, direction)

    async def hear(self, frame):
        samples = memoryview(frame.audio).cast("h")
        loud = sum(map(abs, samples)) > LOUD * len(samples)
        self.loud_frames = self.loud_frames + 1 if loud else 0
        speaking = time.monotonic() < self.says_until
        if speaking and self.loud_frames == 3:
            self.says_until = 0.0
            await self.broadcast_frame(UserStartedSpeakingFrame)
            await self.broadcast_interruption()  # the bridge throws away what it has not played yet
        elif not speaking:
            await self.push_frame(OutputAudioRawFrame(frame.audio, frame.sample_rate, 1))


async def bot(runner_args):
    transport = FastAPIWebsocketTransport(
        websocket=runner_args.websocket,
        params=FastAPIWebsocketParams(
            audio_in_enabled=True, audio_out_enabled=True, serializer=ProtobufFrameSerializer()
        ),
    )
    parrot = Parrot()
    # A bot that talks: [transport.input(), stt, user_aggregator, llm, tts, transport.output(), assistant_aggregator]
    worker = parrot.worker = PipelineWorker(
        Pipeline([transport.input(), parrot, transport.output()]),
        params=PipelineParams(audio_in_sample_rate=RATE_IN, audio_out_sample_rate=RATE_OUT),
    )

    @worker.rtvi.event_handler("on_client_message")
    async def on_client_message(_rtvi, message):
        if message.type == "call":  # who calls, your `parameters`, and what was said before a reconnect
            print("call", message.data["call"]["call_id"], flush=True)

    @worker.rtvi.event_handler("on_client_ready")
    async def on_client_ready(_rtvi):  # the person is on the line
        await parrot.say(tone(440, 400) + tone(660, 400))

    @transport.event_handler("on_client_disconnected")
    async def on_client_disconnected(_transport, _websocket):
        await worker.cancel()

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await runner.run()


if __name__ == "__main__":
    from pipecat.runner.run import main

    main()
