"""The bot of bot.py under Pipecat's own development runner: `runner_bot.py -t websocket --ws-auth token --port 7860`."""

import bot as the_bot

OPTIONS = the_bot.options_of([])


async def bot(runner_args):
    await the_bot.talk_over(runner_args.websocket, OPTIONS)


if __name__ == "__main__":
    from pipecat.runner.run import main

    main()
