"""A stock gRPC client in Python: stubs made from our .proto files by grpcio-tools, no code of ours in between.

usage: grpc_client.py HOST:PORT PROTO_DIR

Two people register, become friends and chat; checked are answers, failures with their trailers, the Follow stream,
health and reflection. Exits with 0 where all is as docs/PROTOCOL.md says.
"""

import os
import pathlib
import queue
import sys
import tempfile
import threading

import grpc
from grpc_tools import protoc

DEADLINE_S = 20


def generate(proto_dir: str, out: str) -> None:
    """Makes message classes and stubs of every .proto file."""
    files = sorted(str(path) for path in pathlib.Path(proto_dir, "teahouse").rglob("*.proto"))
    code = protoc.main(
        ["protoc", f"-I{proto_dir}", f"--python_out={out}", f"--grpc_python_out={out}", *files]
    )
    assert code == 0 and files, f"protoc ended with {code} for {files}"
    sys.path.insert(0, out)


class Person:
    """One device of one person."""

    def __init__(self, channel: grpc.Channel, name: str):
        from teahouse.accounts.v1 import accounts_pb2, accounts_pb2_grpc
        from teahouse.chat.v1 import chat_pb2_grpc
        from teahouse.contacts.v1 import contacts_pb2_grpc
        from teahouse.sync.v1 import sync_pb2_grpc

        self.accounts = accounts_pb2_grpc.AccountsServiceStub(channel)
        self.contacts = contacts_pb2_grpc.ContactsServiceStub(channel)
        self.chat = chat_pb2_grpc.ChatServiceStub(channel)
        self.sync = sync_pb2_grpc.SyncServiceStub(channel)
        self.username = name + os.urandom(4).hex()
        self.password = os.urandom(12).hex()
        request = accounts_pb2.RegisterRequest(
            username=self.username, password=self.password, display_name=name.title()
        )
        answer = self.accounts.Register(request, timeout=DEADLINE_S)
        assert answer.account.username == self.username
        assert len(answer.token) == 43 and len(answer.recovery_codes) == 8
        self.account_id = answer.account.account_id
        self.metadata = [("authorization", "Bearer " + answer.token)]

    def call(self, method, request):
        """Calls a method as this person."""
        return method(request, metadata=self.metadata, timeout=DEADLINE_S)


def failure(call) -> tuple:
    """What a call failed with: code, reason trailer, text."""
    try:
        answer = call()
    except grpc.RpcError as error:
        trailers = dict(error.trailing_metadata())
        return error.code(), trailers.get("teahouse-reason"), error.details()
    raise AssertionError(f"the call succeeded: {answer}")


class Events:
    """The events of a Follow stream, read in the background so that waiting for one has a deadline."""

    def __init__(self, person: Person, request):
        self.stream = person.sync.Follow(request, metadata=person.metadata)
        self.arrived = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        try:
            for event in self.stream:
                self.arrived.put(event)
        except grpc.RpcError as error:
            self.arrived.put(error)

    def next(self):
        return self.arrived.get(timeout=DEADLINE_S)

    def until(self, kind: str) -> list:
        """Events up to the first of this kind, which is the last of the list."""
        seen = [self.next()]
        while seen[-1].WhichOneof("event") != kind:
            seen.append(self.next())
        return seen


def befriend(anna: Person, boris: Person) -> int:
    """Boris asks, Anna accepts; gives their conversation."""
    from teahouse.contacts.v1 import contacts_pb2 as c

    found = boris.call(boris.contacts.Search, c.SearchRequest(username=anna.username))
    assert found.card.display_name == "Anna" and found.ticket and not found.account_id
    sent = boris.call(boris.contacts.SendRequest, c.SendRequestRequest(ticket=found.ticket, text="hi"))
    assert sent.outcome == c.SendRequestResponse.OUTCOME_SENT
    waiting = anna.call(anna.contacts.ListRequests, c.ListRequestsRequest())
    assert [t.text for r in waiting.requests for t in r.texts] == ["hi"]
    request_id = waiting.requests[0].request_id
    friend = anna.call(anna.contacts.AcceptRequest, c.AcceptRequestRequest(request_id=request_id)).friend
    assert friend.account_id == boris.account_id and friend.username == boris.username
    return friend.conversation_id


def check_failures(anna: Person):
    from teahouse.accounts.v1 import accounts_pb2 as a
    from teahouse.chat.v1 import chat_pb2 as m

    code, reason, _ = failure(lambda: anna.accounts.GetAccount(a.GetAccountRequest(), timeout=DEADLINE_S))
    assert (code, reason) == (grpc.StatusCode.UNAUTHENTICATED, "UNAUTHENTICATED"), (code, reason)

    def login(username):
        request = a.LoginRequest(username=username, password="not the one")
        return failure(lambda: anna.accounts.Login(request, timeout=DEADLINE_S))

    wrong_password, unknown_user = login(anna.username), login("nobody" + os.urandom(4).hex())
    assert wrong_password == unknown_user, (wrong_password, unknown_user)
    assert wrong_password[:2] == (grpc.StatusCode.UNAUTHENTICATED, "LOGIN_FAILED"), wrong_password

    absent = m.ListEntriesRequest(conversation_id=1)
    code, reason, text = failure(lambda: anna.call(anna.chat.ListEntries, absent))
    assert (code, reason) == (grpc.StatusCode.NOT_FOUND, "CONVERSATION_NOT_FOUND") and text


def check_chat(anna: Person, boris: Person, conversation_id: int):
    from teahouse.chat.v1 import chat_pb2 as m
    from teahouse.sync.v1 import sync_pb2 as s

    events = Events(boris, s.FollowRequest())
    caught_up = events.until("caught_up")
    assert conversation_id in [e.moved.conversation_id for e in caught_up]
    assert caught_up[-1].cursor

    message = m.SendMessageRequest(
        conversation_id=conversation_id, client_message_id=os.urandom(16), text=m.Text(text="hello 你好")
    )
    first = anna.call(anna.chat.SendMessage, message)
    assert anna.call(anna.chat.SendMessage, message) == first
    message.text.text = "something else"
    code, reason, _ = failure(lambda: anna.call(anna.chat.SendMessage, message))
    assert (code, reason) == (grpc.StatusCode.ABORTED, "CLIENT_ID_REUSED"), (code, reason)

    live = events.until("entry")[-1]
    while live.entry.seq < first.seq:
        # What `moved` told already may come again.
        live = events.until("entry")[-1]
    assert live.entry.seq == first.seq and live.entry.text.text == "hello 你好" and live.cursor
    page = boris.call(boris.chat.ListEntries, m.ListEntriesRequest(conversation_id=conversation_id))
    assert [e.seq for e in page.entries] == list(range(1, first.seq + 1))
    assert page.head_seq == first.seq and page.entries[-1].text.text == "hello 你好"
    return events


def check_sign_out(boris: Person, events: Events):
    from teahouse.accounts.v1 import accounts_pb2 as a

    boris.call(boris.accounts.Logout, a.LogoutRequest())
    last = events.next()
    while not isinstance(last, grpc.RpcError):
        last = events.next()
    assert last.code() == grpc.StatusCode.UNAUTHENTICATED, last
    code, _, _ = failure(lambda: boris.call(boris.accounts.GetAccount, a.GetAccountRequest()))
    assert code == grpc.StatusCode.UNAUTHENTICATED


def check_health_and_reflection(channel: grpc.Channel):
    """Both with bytes made by hand: their stubs are no part of our .proto files."""
    health = channel.unary_unary("/grpc.health.v1.Health/Check")
    assert health(b"", timeout=DEADLINE_S) == b"\x08\x01", "SERVING"
    info = channel.stream_stream("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")
    list_services = b"\x3a\x00"
    listed = next(info(iter([list_services]), timeout=DEADLINE_S))
    assert b"teahouse.chat.v1.ChatService" in listed
    absent = channel.unary_unary("/teahouse.chat.v1.ChatService/NoSuchMethod")
    assert failure(lambda: absent(b"", timeout=DEADLINE_S))[0] == grpc.StatusCode.UNIMPLEMENTED


def main() -> None:
    address, proto_dir = sys.argv[1:]
    with tempfile.TemporaryDirectory() as out, grpc.insecure_channel(address) as channel:
        generate(proto_dir, out)
        check_health_and_reflection(channel)
        anna, boris = Person(channel, "anna"), Person(channel, "boris")
        check_failures(anna)
        conversation_id = befriend(anna, boris)
        events = check_chat(anna, boris, conversation_id)
        check_sign_out(boris, events)
    print("the stock gRPC client is content")


if __name__ == "__main__":
    main()
