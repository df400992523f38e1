"""A small event hub: AMQP 1.0 by Qpid Proton, with $cbs, $management and partitions. See hubtest.go.

usage: hub.py PORT PARTITIONS TOKEN. Lines on standard input are "PARTITION TEXT", an event; "drop" ends all connections. Each attach and
each token is told on standard output.
"""
import re
import sys
import threading
import time

from proton import Array, Data, Message, UNDESCRIBED, int32, symbol, timestamp
from proton.handlers import MessagingHandler
from proton.reactor import ApplicationEvent, Container, EventInjector

PORT, PARTITIONS, TOKEN = sys.argv[1], int(sys.argv[2]), sys.argv[3]


def tell(*words):
    print(*words, flush=True)


class Hub(MessagingHandler):
    def __init__(self):
        super().__init__(auto_accept=True)
        self.events = {str(p): [] for p in range(PARTITIONS)}
        self.readers = {}  # sender → [partition, next index]
        self.replies = {}  # (connection, address) → sender
        self.allowed = set()

    def on_start(self, event):
        event.container.listen("127.0.0.1:" + PORT)
        injector = EventInjector()
        event.container.selectable(injector)
        threading.Thread(target=self.listen, args=(injector,), daemon=True).start()
        tell("ready")

    def listen(self, injector):
        for line in sys.stdin:
            injector.trigger(ApplicationEvent("typed", subject=line.rstrip("\n")))
        injector.trigger(ApplicationEvent("over"))

    def on_over(self, event):
        event.container.stop()

    def on_typed(self, event):
        if event.subject == "drop":
            for connection in {s.connection for s in list(self.readers) + list(self.replies.values())}:
                if connection.transport:
                    connection.transport.close_tail()
                    connection.transport.close_head()
            return
        partition, text = event.subject.split(" ", 1)
        self.events[partition].append((int(time.time() * 1000), text))
        for sender in list(self.readers):
            self.feed(sender)

    def on_link_opening(self, event):
        link = event.link
        link.snd_settle_mode, link.rcv_settle_mode = link.remote_snd_settle_mode, link.remote_rcv_settle_mode
        link.source.copy(link.remote_source)
        link.target.copy(link.remote_target)
        if not link.is_sender:
            return
        address = link.remote_source.address
        found = re.search(r"/ConsumerGroups/(.*)/Partitions/(\d+)$", address or "")
        if not found:
            self.replies[(link.connection, link.remote_target.address)] = link
            return
        if link.connection not in self.allowed:
            link.condition = None
            link.close()
            return
        selector = self.selector(link.remote_source.filter)
        tell("attach", found.group(2), selector)
        self.readers[link] = [found.group(2), self.start(found.group(2), selector)]

    def selector(self, data):
        data.rewind()
        text = []

        def walk():
            while data.next():
                kind = data.type()
                if kind == Data.STRING:
                    text.append(data.get_string())
                elif data.enter():
                    walk()
                    data.exit()

        walk()
        return text[-1] if text else ""

    def start(self, partition, selector):
        found = re.search(r"x-opt-([a-z-]+) (>=?) '(.*)'", selector)
        events = self.events[partition]
        if not found or found.group(3) == "@latest":
            return len(events)
        kind, sign, value = found.group(1), found.group(2), int(found.group(3))
        for i, (at, _) in enumerate(events):
            what = at if kind == "enqueued-time" else i
            if what > value or sign == ">=" and what == value:
                return i
        return len(events)

    def on_sendable(self, event):
        self.feed(event.sender)

    def feed(self, sender):
        if sender not in self.readers:
            return
        partition, n = self.readers[sender]
        while n < len(self.events[partition]) and sender.credit > 0:
            at, text = self.events[partition][n]
            sender.send(Message(body=text.encode(), inferred=True, annotations={
                symbol("x-opt-sequence-number"): n, symbol("x-opt-offset"): str(n), symbol("x-opt-enqueued-time"): timestamp(at)}))
            n += 1
        self.readers[sender][1] = n

    def on_link_closing(self, event):
        self.readers.pop(event.link, None)

    def on_disconnected(self, event):
        for link in [l for l in self.readers if l.connection == event.connection]:
            del self.readers[link]
        for key in [k for k in self.replies if k[0] == event.connection]:
            del self.replies[key]

    def on_message(self, event):
        asked, connection = event.message, event.connection
        properties = asked.properties or {}
        answer = Message(correlation_id=asked.id)
        if properties.get("operation") == "put-token":
            good = TOKEN in str(asked.body)
            tell("token", "good" if good else "bad")
            if good:
                self.allowed.add(connection)
            answer.properties = {"status-code": int32(202 if good else 401), "status-description": "Accepted" if good else "Unauthorized"}
        else:
            answer.properties = {"status-code": int32(200), "status-description": "OK"}
            answer.body = self.describe(properties)
        sender = self.replies.get((connection, asked.reply_to))
        if sender:
            sender.send(answer)

    def describe(self, properties):
        if "partition" in properties:
            p = properties["partition"]
            events = self.events[p]
            return {"name": properties["name"], "partition": p, "begin_sequence_number": 0, "last_enqueued_sequence_number": len(events) - 1,
                    "last_enqueued_offset": str(len(events) - 1), "last_enqueued_time_utc": timestamp(events[-1][0] if events else 0),
                    "is_partition_empty": not events}
        return {"name": properties["name"], "created_at": timestamp(0), "partition_count": int32(PARTITIONS), "georeplication_factor": int32(1),
                "partition_ids": Array(UNDESCRIBED, Data.STRING, *self.events)}


Container(Hub()).run()
