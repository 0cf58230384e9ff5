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
    return box


_SBOX = _sbox()


def _expand(key):
    words = [list(key[4 * i : 4 * i + 4]) for i in range(4)]
    constant = 1
    for i in range(4, 44):
        word = list(words[i - 1])
        if i % 4 == 0:
            word = [_SBOX[b] for b in word[1:] + word[:1]]
            word[0] ^= constant
            constant = _times_x(constant)
        words.append([a ^ b for a, b in zip(words[i - 4], word)])  # noqa: B905 - no strict= on the board
    return [sum(words[4 * r : 4 * r + 4], []) for r in range(11)]  # noqa: RUF017 - four short lists


def cipher(key):
    """Function that encrypts one block of 16 bytes under ``key``."""
    rounds = _expand(key)

    def encrypt(block):
        state = [a ^ b for a, b in zip(block, rounds[0])]  # noqa: B905
        for number in range(1, 11):
            state = [_SBOX[b] for b in state]
            state = [state[(i + 4 * (i % 4)) % 16] for i in range(16)]
            if number < 10:
                mixed = []
                for column in range(0, 16, 4):
                    a = state[column : column + 4]
                    whole = a[0] ^ a[1] ^ a[2] ^ a[3]
                    mixed += [a[i] ^ whole ^ _times_x(a[i] ^ a[(i + 1) % 4]) for i in range(4)]
                state = mixed
            state = [a ^ b for a, b in zip(state, rounds[number])]  # noqa: B905
        return bytes(state)

    return encrypt
