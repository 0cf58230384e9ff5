"""AES-128 encryption of one block, slow and plain, for an interpreter that has none (FIPS 197)."""


def _times_x(a):
    return (a << 1 ^ 0x1B) & 0xFF if a & 0x80 else a << 1


def _sbox():
    box = [0] * 256
    p = q = 1
    while True:
        p = p ^ _times_x(p)  # times 3, a generator of the field
        q ^= q << 1
        q ^= q << 2
        q ^= q << 4
        q &= 0xFF
        if q & 0x80:
            q ^= 0x09
        r = q | q << 8
        box[p] = (q ^ r >> 7 ^ r >> 6 ^ r >> 5 ^ r >> 4 ^ 0x63) & 0xFF
        if p == 1:
            break
    box[0] = 0x63
    return bytes(box)


_SBOX = _sbox()


def _expand(key):
    words = bytearray(176)
    words[:16] = key
    constant = 1
    for i in range(16, 176, 4):
        word = words[i - 4 : i]
        if i % 16 == 0:
            word = bytearray([_SBOX[word[1]] ^ constant, _SBOX[word[2]], _SBOX[word[3]], _SBOX[word[0]]])
            constant = _times_x(constant)
        for j in range(4):
            words[i + j] = words[i - 16 + j] ^ word[j]
    return words


def cipher(key):
    """Function that encrypts one block of 16 bytes under ``key``.

    It works in two buffers of its own: the interpreter it is for has a small heap.
    """
    rounds = _expand(key)
    state = bytearray(16)
    moved = bytearray(16)

    def encrypt(block):
        for i in range(16):
            state[i] = block[i] ^ rounds[i]
        for number in range(1, 11):
            for i in range(16):
                moved[i] = _SBOX[state[(i + 4 * (i % 4)) % 16]]
            for i in range(16):
                mixed = moved[i]
                if number < 10:
                    column = i & 12
                    whole = moved[column] ^ moved[column + 1] ^ moved[column + 2] ^ moved[column + 3]
                    mixed ^= whole ^ _times_x(moved[i] ^ moved[column + (i + 1) % 4])
                state[i] = mixed ^ rounds[16 * number + i]
        return bytes(state)

    return encrypt
