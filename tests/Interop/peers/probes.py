# Sends the requests of probes.json, byte for byte, to servers of the interoperability contract, and prints what each answers.
# usage: probes.py NAME=PORT... (a Markdown table on stdout)
import json
import os
import socket
import sys

import hpack
from hyperframe.frame import ContinuationFrame, DataFrame, Frame, GoAwayFrame, HeadersFrame, RstStreamFrame, SettingsFrame

PATIENCE_S = 2
FRAME_BYTES = 16000
PREFACE = b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'


def frame(kind, payload, flags=()):
    made = kind(1, data=payload, flags=list(flags))
    return made.serialize()


def ask(port, probe):
    """What the server does with one request on a connection of its own."""
    try:
        tcp = socket.create_connection(('127.0.0.1', port), timeout=PATIENCE_S)
    except ConnectionRefusedError:
        return 'server is gone'
    with tcp:
        encoder = hpack.Encoder()
        block = encoder.encode([tuple(each) for each in probe['headers']], huffman=False)
        parts = [block[at:at + FRAME_BYTES] for at in range(0, len(block), FRAME_BYTES)]
        headers = b''.join(
            frame(ContinuationFrame if index else HeadersFrame, part,
                  (['END_HEADERS'] if index == len(parts) - 1 else []) + (['END_STREAM'] if not index and not probe['body'] and probe['ends'] else []))
            for index, part in enumerate(parts))
        data = b''.join(frame(DataFrame, bytes.fromhex(each), ['END_STREAM'] if probe['ends'] and index == len(probe['body']) - 1 else [])
                        for index, each in enumerate(probe['body']))
        tcp.sendall(PREFACE + SettingsFrame(0).serialize() + headers + data)
        return listen(tcp)


def text(header):
    return header.decode('latin-1') if isinstance(header, bytes) else header


def listen(tcp):
    decoder = hpack.Decoder()
    reader = tcp.makefile('rb')
    http = None
    try:
        while True:
            head = reader.read(9)
            if len(head) < 9:
                return 'closed'
            received, length = Frame.parse_frame_header(memoryview(head))
            received.parse_body(memoryview(reader.read(length)))
            if isinstance(received, GoAwayFrame) and received.error_code != 0:
                return f'goaway {received.error_code}'
            if isinstance(received, RstStreamFrame):
                return f'reset {received.error_code}'
            if isinstance(received, HeadersFrame):
                found = dict((text(name), text(value)) for name, value in decoder.decode(received.data, raw=True))
                http = found.get(':status', http)
                if http != '200':
                    return f'http {http}'
                if 'grpc-status' in found:
                    return f"status {found['grpc-status']}"
                if 'END_STREAM' in received.flags:
                    return 'ended without status'
    except (socket.timeout, TimeoutError):
        return 'no answer'
    except OSError:
        return 'closed'


def main():
    servers = [each.split('=') for each in sys.argv[1:]]
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'probes.json'), encoding='utf-8') as file:
        probes = json.load(file)
    print('| probe | ours, expected | ' + ' | '.join(name for name, _ in servers) + ' | where ours is alone |')
    print('|---|---|' + '---|' * (len(servers) + 1))
    for probe in probes:
        answers = [ask(int(port), probe) for _, port in servers]
        others = [answer for answer in answers[1:] if answer != 'server is gone']
        why = probe.get('why', 'NOT EXPLAINED') if others and answers[0] not in others else ''
        print(f"| {probe['name']} | {probe['expected']} | " + ' | '.join(answers) + f' | {why} |', flush=True)


main()
