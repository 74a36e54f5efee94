"""Send letters that take two bytes each; decode what comes, piece by piece."""

import argparse
import socket


def main():
    """Write to one end of a pair of sockets, and read at the other end."""
    about = "Bytes come in pieces; letters do not."
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--letters", type=int, default=10, help="default 10")
    parser.add_argument("--read", type=int, default=5, help="bytes each (5)")
    args = parser.parse_args()
    here, there = socket.socketpair()
    with here, there:
        there.sendall(("é" * args.letters).encode())
        there.shutdown(socket.SHUT_WR)
        letters = 0
        while piece := here.recv(args.read):
            letters += len(piece.decode())
        print(f"{letters} letters")


if __name__ == "__main__":
    main()
