// A ZIP archive, written as its files come: stored as they are, for images are packed already. Sizes and offsets of any size.
//
// Source: PKWARE's APPNOTE.TXT 6.3.10, sections 4.3 to 4.5: local headers, data descriptors, the directory, ZIP64.

const UTF8 = 0x0800;
const DESCRIBED_BEHIND = 0x0008;
const WIDE = 0xffffffff;
const MANY = 0xffff;
const VERSION = 45;

const TABLE = new Uint32Array(256).map((_, number) => {
  let value = number;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

/** The CRC-32 of bytes behind those whose sum is `sum`. */
function crc32(bytes, sum = 0) {
  let value = ~sum;
  for (let at = 0; at < bytes.length; at += 1) value = TABLE[(value ^ bytes[at]) & 0xff] ^ (value >>> 8);
  return ~value >>> 0;
}

/** Little-endian numbers: `[bytes, value]` each, or bytes as they are. */
function packed(...parts) {
  const size = parts.reduce((sum, part) => sum + (part instanceof Uint8Array ? part.length : part[0]), 0);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const part of parts) {
    if (part instanceof Uint8Array) {
      bytes.set(part, at);
      at += part.length;
      continue;
    }
    const [width, value] = part;
    if (width === 2) view.setUint16(at, value, true);
    else if (width === 4) view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
    at += width;
  }
  return bytes;
}

function dos(date) {
  const day = ((date.getFullYear() - 1980) << 9) | ((date.getMonth() + 1) << 5) | date.getDate();
  const time = (date.getHours() << 11) | (date.getMinutes() << 5) | (date.getSeconds() >> 1);
  return [
    [2, time],
    [2, day],
  ];
}

const narrow = (value) => [4, Math.min(value, WIDE)];

export class Zip {
  /** `write(bytes)` takes what comes, in order, and may return a promise. */
  constructor(write, now = new Date()) {
    this.write = write;
    this.now = dos(now);
    this.entries = [];
    this.offset = 0;
  }

  async put(bytes) {
    this.offset += bytes.length;
    await this.write(bytes);
  }

  /** A file whose bytes are there. */
  async add(name, bytes) {
    const entry = { name: new TextEncoder().encode(name), offset: this.offset, flags: UTF8, crc: crc32(bytes), size: bytes.length };
    await this.put(
      packed([4, 0x04034b50], [2, VERSION], [2, entry.flags], [2, 0], ...this.now, [4, entry.crc], narrow(entry.size),
        narrow(entry.size), [2, entry.name.length], [2, 0], entry.name),
    );
    await this.put(bytes);
    this.entries.push(entry);
  }

  /** A file that comes in pieces, from a ReadableStream. */
  async stream(name, stream) {
    const flags = UTF8 | DESCRIBED_BEHIND;
    const entry = { name: new TextEncoder().encode(name), offset: this.offset, flags, crc: 0, size: 0 };
    const wide = packed([2, 1], [2, 16], [8, 0], [8, 0]);
    await this.put(
      packed([4, 0x04034b50], [2, VERSION], [2, flags], [2, 0], ...this.now, [4, 0], [4, WIDE], [4, WIDE],
        [2, entry.name.length], [2, wide.length], entry.name, wide),
    );
    const reader = stream.getReader();
    for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
      entry.crc = crc32(value, entry.crc);
      entry.size += value.length;
      await this.put(value);
    }
    await this.put(packed([4, 0x08074b50], [4, entry.crc], [8, entry.size], [8, entry.size]));
    this.entries.push(entry);
  }

  /** The directory, without which nobody can open the rest. */
  async close() {
    const start = this.offset;
    for (const { name, offset, flags, crc, size } of this.entries) {
      const wide = size >= WIDE || offset >= WIDE ? packed([2, 1], [2, 24], [8, size], [8, size], [8, offset]) : new Uint8Array();
      const shown = (value) => [4, wide.length ? WIDE : value];
      await this.put(
        packed([4, 0x02014b50], [2, VERSION], [2, VERSION], [2, flags], [2, 0], ...this.now, [4, crc], shown(size), shown(size),
          [2, name.length], [2, wide.length], [2, 0], [2, 0], [2, 0], [4, 0], shown(offset), name, wide),
      );
    }
    const [count, size, end] = [this.entries.length, this.offset - start, this.offset];
    if (count >= MANY || end >= WIDE) {
      await this.put(
        packed([4, 0x06064b50], [8, 44], [2, VERSION], [2, VERSION], [4, 0], [4, 0], [8, count], [8, count], [8, size],
          [8, start], [4, 0x07064b50], [4, 0], [8, end], [4, 1]),
      );
    }
    const few = [2, Math.min(count, MANY)];
    await this.put(packed([4, 0x06054b50], [2, 0], [2, 0], few, few, narrow(size), narrow(start), [2, 0]));
  }
}
