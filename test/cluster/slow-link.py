"""Carries packets between two network devices, late and with losses.

    slow-link.py DEVICE DEVICE DELAY_MS JITTER_MS LOSS_PERCENT

For kernels without the netem queueing discipline. Says "ready" once it carries.
"""

import heapq
import random
import select
import socket
import sys
import time

SOL_PACKET, PACKET_VNET_HDR, PACKET_OUTGOING = 263, 15, 4
ALL_PROTOCOLS = 3
LONGEST = 70_000
SO_SNDBUFFORCE, SO_RCVBUFFORCE = 32, 33
# Packets are lost as often as asked for, not because this program was busy for a moment.
BUFFER_BYTES = 64 << 20


def opened(device):
    """A raw socket whose packets keep their offload header, so that checksums stay right."""
    opened_socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_PROTOCOLS))
    opened_socket.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    opened_socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES)
    opened_socket.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, BUFFER_BYTES)
    opened_socket.bind((device, 0))
    opened_socket.setblocking(False)
    return opened_socket


def receive(device, due):
    for _ in range(64):
        try:
            data, address = device.recvfrom(LONGEST)
        except BlockingIOError:
            return
        if address[2] != PACKET_OUTGOING and random.random() >= loss:
            due.append(data)


one, two = opened(sys.argv[1]), opened(sys.argv[2])
delay, jitter, loss = (float(text) for text in sys.argv[3:6])
delay, jitter, loss = delay / 1000, jitter / 1000, loss / 100
other = {one: two, two: one}
queue = []
number = 0
print("ready", flush=True)
while True:
    wait = max(0, queue[0][0] - time.monotonic()) if queue else None
    for device in select.select([one, two], [], [], wait)[0]:
        packets = []
        receive(device, packets)
        for data in packets:
            number += 1
            due_at = time.monotonic() + delay + random.random() * jitter
            heapq.heappush(queue, (due_at, number, other[device], data))
    while queue and queue[0][0] <= time.monotonic():
        _, _, device, data = heapq.heappop(queue)
        try:
            device.send(data)
        except OSError:
            pass  # As a full device would: lost.
