"""redis-py: commands, a pipeline, and messages."""

import sys

import redis

with redis.Redis(port=int(sys.argv[1])) as client:
    print(client.set("key", "value"), client.get("key"))
    with client.pipeline() as pipe:
        pipe.delete("n").incr("n").incr("n").lrange("none", 0, -1)
        print(pipe.execute()[1:])
    with client.pubsub() as messages:
        messages.subscribe("channel")
        messages.get_message(timeout=5)
        client.publish("channel", "hello")
        print(messages.get_message(timeout=5)["data"])
    print(client.set("big", bytes(300_000)), len(client.get("big")))
