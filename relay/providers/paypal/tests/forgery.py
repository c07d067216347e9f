"""Bodies that fit the signature of another: PayPal signs a checksum of them."""

import zlib


def with_checksum(before: bytes, free: bytes, after: bytes, checksum: int) -> bytes:
    """The three parts with other letters in `free`, so that their CRC32 is `checksum`: it is linear in each bit."""
    whole = bytearray(before + free + after)
    bits = [(len(before) + place, 1 << bit) for place in range(len(free)) for bit in range(4)]
    start, basis = zlib.crc32(whole), {}
    for number, (place, bit) in enumerate(bits):
        whole[place] ^= bit
        change, chosen = zlib.crc32(whole) ^ start, 1 << number
        whole[place] ^= bit
        while change and (known := basis.get(change.bit_length())):
            change, chosen = change ^ known[0], chosen ^ known[1]
        if change:
            basis[change.bit_length()] = (change, chosen)
    wanted, flips = start ^ checksum, 0
    while wanted:
        change, chosen = basis[wanted.bit_length()]
        wanted, flips = wanted ^ change, flips ^ chosen
    for number, (place, bit) in enumerate(bits):
        if flips >> number & 1:
            whole[place] ^= bit
    return bytes(whole)
