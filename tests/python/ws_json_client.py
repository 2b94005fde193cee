"""A WebSocket client in Python that speaks JSON frames and knows no .proto file: docs/PROTOCOL.md is all it was made from.

usage: ws_json_client.py HOST:PORT

Two people register, become friends and chat; checked are both ways of signing in, calls side by side, failures,
cancelling and the Follow stream. Exits with 0 where all is as the page says.
"""

import base64
import json
import os
import sys

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

DEADLINE_S = 20
ACCOUNTS = "teahouse.accounts.v1.AccountsService/"
CONTACTS = "teahouse.contacts.v1.ContactsService/"
CHAT = "teahouse.chat.v1.ChatService/"
FOLLOW = "teahouse.sync.v1.SyncService/Follow"


class Failure(Exception):
    """A failure frame."""

    def __init__(self, failure: dict):
        super().__init__(failure)
        self.kind, self.reason = failure["kind"], failure["reason"]
        assert failure["message"], failure


class Socket:
    """One connection. Frames that answer another call than the awaited one are kept."""

    def __init__(self, address: str, token: str | None = None):
        headers = {"Authorization": "Bearer " + token} if token else None
        self.socket = connect(f"ws://{address}/v1/ws", additional_headers=headers, compression=None)
        self.last_id = 0
        self.kept = []

    def send(self, **frame) -> int:
        """Sends a frame under a new id, which it gives."""
        self.last_id += 1
        self.socket.send(json.dumps({"id": self.last_id, **frame}))
        return self.last_id

    def frame(self, of: int) -> dict:
        """The next frame of this id."""
        for i, frame in enumerate(self.kept):
            if frame["id"] == of:
                return self.kept.pop(i)
        while True:
            text = self.socket.recv(timeout=DEADLINE_S)
            assert isinstance(text, str), "a text message is answered by text messages"
            frame = json.loads(text)
            if frame["id"] == of:
                return frame
            self.kept.append(frame)

    def body(self, of: int) -> dict:
        """The body of the next frame of this id; raises its failure."""
        frame = self.frame(of)
        if "failure" in frame:
            raise Failure(frame["failure"])
        return frame["body"]

    def call(self, method: str, **body) -> dict:
        """Calls a method and waits for its answer."""
        return self.body(self.send(method=method, body=body))

    def failure(self, method: str, **body) -> tuple:
        """Kind and reason of a call that must fail."""
        try:
            answer = self.call(method, **body)
        except Failure as failure:
            return failure.kind, failure.reason
        raise AssertionError(f"{method} succeeded: {answer}")

    def event(self, of: int, kind: str) -> dict:
        """The next event of this kind of a stream."""
        while kind not in (event := self.body(of)):
            pass
        return event


def register(socket: Socket, name: str) -> dict:
    """A new person: the answer, with the username besides."""
    username, password = name + os.urandom(4).hex(), os.urandom(12).hex()
    answer = socket.call(
        ACCOUNTS + "Register", username=username, password=password, displayName=name.title()
    )
    assert isinstance(answer["account"]["accountId"], str), "64-bit numbers are strings"
    return {**answer, "username": username}


def befriend(anna: Socket, anna_name: str, boris: Socket) -> str:
    """Boris asks, Anna accepts; gives their conversation."""
    found = boris.call(CONTACTS + "Search", username=anna_name)
    assert found["card"]["displayName"] == "Anna" and "accountId" not in found, found
    sent = boris.call(CONTACTS + "SendRequest", ticket=found["ticket"], text="hi")
    assert sent == {"outcome": "OUTCOME_SENT"}, sent
    [request] = anna.call(CONTACTS + "ListRequests")["requests"]
    assert [text["text"] for text in request["texts"]] == ["hi"], request
    return anna.call(CONTACTS + "AcceptRequest", requestId=request["requestId"])["friend"]["conversationId"]


def check_frames(address: str):
    """What is no method or no request is told so, and the socket goes on; what is no frame closes it."""
    socket = Socket(address)
    both = socket.frame(socket.send(method=ACCOUNTS + "GetAccount", token="x"))
    assert both["failure"]["reason"] == "MALFORMED_FRAME", both
    assert socket.failure("no.such.Service/Method") == ("FAILURE_KIND_NOT_FOUND", "UNKNOWN_METHOD")
    assert socket.failure(ACCOUNTS + "GetAccount") == ("FAILURE_KIND_UNAUTHENTICATED", "UNAUTHENTICATED")
    unknown_field = socket.failure(ACCOUNTS + "Login", user="anna")
    assert unknown_field == ("FAILURE_KIND_INVALID", "MALFORMED"), unknown_field
    socket.socket.send("tea")
    assert socket.frame(0)["failure"]["reason"] == "MALFORMED_FRAME"
    try:
        socket.socket.recv(timeout=DEADLINE_S)
        raise AssertionError("the socket stays open")
    except ConnectionClosed as closed:
        assert closed.rcvd.code == 1007, closed


def check_chat(anna: Socket, boris: Socket, conversation_id: str):
    follow = boris.send(method=FOLLOW, body={})
    caught_up = boris.event(follow, "caughtUp")
    assert base64.b64decode(caught_up["cursor"])

    # Sent without waiting in between: numbers follow the order of the frames.
    ids = [base64.b64encode(os.urandom(16)).decode() for _ in range(20)]
    frames = [
        {"conversationId": conversation_id, "clientMessageId": client_id, "text": {"text": f"n {n}"}}
        for n, client_id in enumerate(ids)
    ]
    sent = [anna.send(method=CHAT + "SendMessage", body=frame) for frame in frames]
    numbers = [int(anna.body(i)["seq"]) for i in sent]
    assert numbers == list(range(numbers[0], numbers[0] + 20)), numbers
    repeated = anna.call(CHAT + "SendMessage", **frames[7])
    assert int(repeated["seq"]) == numbers[7], repeated
    reused = anna.failure(CHAT + "SendMessage", **{**frames[7], "text": {"text": "else"}})
    assert reused == ("FAILURE_KIND_CONFLICT", "CLIENT_ID_REUSED"), reused

    for n, number in enumerate(numbers):
        event = boris.event(follow, "entry")
        while int(event["entry"]["seq"]) < numbers[0]:
            # What `moved` told already may come again.
            event = boris.event(follow, "entry")
        assert int(event["entry"]["seq"]) == number and event["entry"]["text"]["text"] == f"n {n}", event
    page = boris.call(CHAT + "ListEntries", conversationId=conversation_id, latest=True, limit=3)
    assert [int(entry["seq"]) for entry in page["entries"]] == numbers[-3:], page
    read = boris.call(CHAT + "MarkRead", conversationId=conversation_id, seq=page["headSeq"])
    assert read == {"readSeq": str(numbers[-1])}, read

    boris.socket.send(json.dumps({"id": follow, "cancel": True}))
    while "failure" not in (last := boris.frame(follow)):
        pass
    assert last["failure"]["reason"] == "CANCELLED", last


def check_sign_out(address: str, socket: Socket, token: str):
    """The token is dead at once, on every socket."""
    other = Socket(address, token)
    other.call(ACCOUNTS + "GetAccount")
    socket.call(ACCOUNTS + "Logout")
    try:
        while "goAway" not in json.loads(other.socket.recv(timeout=DEADLINE_S)):
            pass
        other.socket.recv(timeout=DEADLINE_S)
        raise AssertionError("the socket of a signed-out device stays open")
    except ConnectionClosed:
        pass


def main() -> None:
    [address] = sys.argv[1:]
    check_frames(address)
    anna = Socket(address)
    annas = register(anna, "anna")
    assert anna.body(anna.send(token=annas["token"])) == {}
    boriss = register(Socket(address), "boris")
    boris = Socket(address, boriss["token"])
    conversation_id = befriend(anna, annas["username"], boris)
    check_chat(anna, boris, conversation_id)
    check_sign_out(address, anna, annas["token"])
    print("the JSON client is content")


if __name__ == "__main__":
    main()
