namespace Fabric.Disk.Qcow2;

/// <summary>Decompresses raw DEFLATE data (RFC 1951) from one span into another, without allocating.</summary>
/// <remarks>Input is hostile: every read and every copy is bounded by the spans. One instance serves one thread at a time.</remarks>
internal sealed class Inflate
{
    private const int MaxBits = 15;
    private const int EndOfBlock = 256;

    private static ReadOnlySpan<ushort> LengthBase =>
        [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];

    private static ReadOnlySpan<byte> LengthExtra => [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];

    private static ReadOnlySpan<ushort> DistanceBase =>
        [1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577];

    private static ReadOnlySpan<byte> DistanceExtra =>
        [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13];

    private static ReadOnlySpan<byte> CodeLengthOrder => [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

    private readonly HuffmanCode _literals = new(288);
    private readonly HuffmanCode _distances = new(32);
    private readonly byte[] _lengths = new byte[320];

    /// <summary>Fills the destination completely.</summary>
    /// <returns>False when the data is damaged or ends early.</returns>
    public bool TryFill(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        BitReader bits = new(source);
        int at = 0;
        while (at < destination.Length)
        {
            bool last = bits.Take(1) != 0;
            bool good = bits.Take(2) switch
            {
                0 => Stored(ref bits, destination, ref at),
                1 => FixedCodes() && Coded(ref bits, destination, ref at),
                2 => DynamicCodes(ref bits) && Coded(ref bits, destination, ref at),
                _ => false,
            };
            if (!good || bits.Overrun)
                return false;
            if (last)
                break;
        }

        return at == destination.Length;
    }

    private static bool Stored(ref BitReader bits, Span<byte> destination, ref int at)
    {
        bits.AlignToByte();
        int length = bits.Take(16);
        int check = bits.Take(16);
        if (bits.Overrun || length != (check ^ 0xffff) || length > destination.Length - at)
            return false;
        for (int i = 0; i < length; i++)
            destination[at++] = (byte)bits.Take(8);
        return true;
    }

    private bool FixedCodes()
    {
        Span<byte> lengths = _lengths.AsSpan(0, 288);
        lengths[..144].Fill(8);
        lengths[144..256].Fill(9);
        lengths[256..280].Fill(7);
        lengths[280..].Fill(8);
        if (!_literals.TryBuild(lengths))
            return false;
        lengths[..30].Fill(5);
        return _distances.TryBuild(lengths[..30]);
    }

    private bool DynamicCodes(ref BitReader bits)
    {
        int literals = bits.Take(5) + 257;
        int distances = bits.Take(5) + 1;
        int codeLengths = bits.Take(4) + 4;
        if (literals > 286 || distances > 30)
            return false;
        Span<byte> lengths = _lengths;
        lengths.Clear();
        for (int i = 0; i < codeLengths; i++)
            lengths[CodeLengthOrder[i]] = (byte)bits.Take(3);
        if (!_distances.TryBuild(lengths[..19]))
            return false;
        lengths.Clear();
        int index = 0;
        while (index < literals + distances)
        {
            int symbol = _distances.Decode(ref bits);
            if (symbol < 0 || bits.Overrun)
                return false;
            if (symbol < 16)
            {
                lengths[index++] = (byte)symbol;
                continue;
            }

            if (symbol == 16 && index == 0)
                return false;
            byte repeated = symbol == 16 ? lengths[index - 1] : (byte)0;
            int count = symbol switch { 16 => 3 + bits.Take(2), 17 => 3 + bits.Take(3), _ => 11 + bits.Take(7) };
            if (count > literals + distances - index)
                return false;
            lengths.Slice(index, count).Fill(repeated);
            index += count;
        }

        return lengths[EndOfBlock] != 0 && _literals.TryBuild(lengths[..literals]) && _distances.TryBuild(lengths.Slice(literals, distances));
    }

    private bool Coded(ref BitReader bits, Span<byte> destination, ref int at)
    {
        while (true)
        {
            int symbol = _literals.Decode(ref bits);
            if (symbol < 0 || bits.Overrun)
                return false;
            if (symbol < EndOfBlock)
            {
                if (at >= destination.Length)
                    return false;
                destination[at++] = (byte)symbol;
                continue;
            }

            if (symbol == EndOfBlock)
                return true;
            if (!Repeat(ref bits, symbol - 257, destination, ref at))
                return false;
        }
    }

    private bool Repeat(ref BitReader bits, int code, Span<byte> destination, ref int at)
    {
        if (code >= LengthBase.Length)
            return false;
        int length = LengthBase[code] + bits.Take(LengthExtra[code]);
        int distanceCode = _distances.Decode(ref bits);
        if ((uint)distanceCode >= (uint)DistanceBase.Length)
            return false;
        int distance = DistanceBase[distanceCode] + bits.Take(DistanceExtra[distanceCode]);
        if (distance > at || length > destination.Length - at)
            return false;
        if (distance >= length)
            destination.Slice(at - distance, length).CopyTo(destination[at..]);
        else
            for (int i = 0; i < length; i++)
                destination[at + i] = destination[at + i - distance];
        at += length;
        return true;
    }

    private ref struct BitReader(ReadOnlySpan<byte> source)
    {
        private readonly ReadOnlySpan<byte> _source = source;
        private ulong _held;
        private int _count;
        private int _next;

        /// <summary>More bits were taken than there are.</summary>
        public readonly bool Overrun => _next - (_count >> 3) > _source.Length;

        public int Peek()
        {
            while (_count < 32)
            {
                ulong next = _next < _source.Length ? _source[_next] : 0u;
                _next++;
                _held |= next << _count;
                _count += 8;
            }

            return (int)(_held & 0x7fff);
        }

        public void Drop(int count)
        {
            _held >>= count;
            _count -= count;
        }

        public int Take(int count)
        {
            Peek();
            int value = (int)(_held & ((1UL << count) - 1));
            Drop(count);
            return value;
        }

        public void AlignToByte() => Drop(_count & 7);
    }

    /// <summary>A canonical prefix code: a table for short codes, counting for the rest.</summary>
    private sealed class HuffmanCode(int symbols)
    {
        private const int FastBits = 10;
        private readonly ushort[] _fast = new ushort[1 << FastBits];
        private readonly ushort[] _symbols = new ushort[symbols];
        private readonly ushort[] _counts = new ushort[MaxBits + 1];
        private readonly ushort[] _offsets = new ushort[MaxBits + 2];

        public bool TryBuild(ReadOnlySpan<byte> lengths)
        {
            Array.Clear(_counts);
            foreach (byte length in lengths)
                _counts[length]++;
            _counts[0] = 0;
            int left = 1;
            for (int bits = 1; bits <= MaxBits; bits++)
            {
                left = (left << 1) - _counts[bits];
                if (left < 0)
                    return false;
                _offsets[bits + 1] = (ushort)(_offsets[bits] + _counts[bits]);
            }

            Span<ushort> next = stackalloc ushort[MaxBits + 2];
            _offsets.CopyTo(next);
            for (int symbol = 0; symbol < lengths.Length; symbol++)
                if (lengths[symbol] != 0)
                    _symbols[next[lengths[symbol]]++] = (ushort)symbol;
            FillFast();
            return true;
        }

        private void FillFast()
        {
            Array.Clear(_fast);
            int code = 0;
            int index = 0;
            for (int bits = 1; bits <= FastBits; bits++, code <<= 1)
            {
                for (int i = 0; i < _counts[bits]; i++, code++, index++)
                {
                    ushort cell = (ushort)((_symbols[index] << 4) | bits);
                    for (int at = Reverse(code, bits); at < _fast.Length; at += 1 << bits)
                        _fast[at] = cell;
                }
            }
        }

        private static int Reverse(int code, int bits)
        {
            int reversed = 0;
            for (int i = 0; i < bits; i++)
                reversed |= ((code >> i) & 1) << (bits - 1 - i);
            return reversed;
        }

        /// <summary>The next symbol, or −1 when no code matches.</summary>
        public int Decode(ref BitReader bits)
        {
            int held = bits.Peek();
            int cell = _fast[held & ((1 << FastBits) - 1)];
            if (cell != 0)
            {
                bits.Drop(cell & 15);
                return cell >> 4;
            }

            int code = 0;
            int first = 0;
            int index = 0;
            for (int length = 1; length <= MaxBits; length++)
            {
                code |= (held >> (length - 1)) & 1;
                int count = _counts[length];
                if (code - count < first)
                {
                    bits.Drop(length);
                    return _symbols[index + code - first];
                }

                index += count;
                first = (first + count) << 1;
                code <<= 1;
            }

            return -1;
        }
    }
}
