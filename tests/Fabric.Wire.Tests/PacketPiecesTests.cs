using Fabric.TestKit;

namespace Fabric.Wire.Tests;

public sealed class PacketPiecesTests : IDisposable
{
    private static readonly byte[] FirstHeader = [1, 2, 3];
    private static readonly byte[] OtherHeader = [9, 9, 9];
    private readonly Random _random = new(TestSeed.Seed);
    private readonly PacketPieces _pieces = new();

    public void Dispose() => _pieces.Dispose();

    /// <summary>Cut anywhere, in any order, some twice: the packet comes out as it went in, and not before all is there.</summary>
    [Fact]
    public void Pieces_in_any_order_make_the_packet()
    {
        for (int run = TestSeed.Count(300); run > 0; run--)
        {
            byte[] payload = Bytes(_random.Next(1, _random.Next(4) == 0 ? PacketPieces.MaxPayload + 1 : 300));
            List<(int From, int To)> cuts = Cut(payload.Length);
            (int From, int To)[] order = [.. cuts.Concat(cuts.Where(_ => _random.Next(3) == 0))];
            _random.Shuffle(order);
            using PacketPieces pieces = new();
            HashSet<int> there = [];
            foreach ((int from, int to) in order)
            {
                Assert.Equal(there.Count == cuts.Count, pieces.IsComplete);
                Assert.True(pieces.TryAdd(from == 0 ? FirstHeader : OtherHeader, payload.AsSpan(from, to - from), from, to < payload.Length));
                there.Add(from);
                int reach = cuts.TakeWhile(cut => there.Contains(cut.From)).Select(cut => cut.To).LastOrDefault();
                Assert.True(pieces.Payload.SequenceEqual(payload.AsSpan(0, reach)));
            }

            Assert.True(pieces.IsComplete);
            Assert.Equal([.. FirstHeader, .. payload], pieces.Packet.ToArray());
            Assert.Equal(FirstHeader, pieces.Header.ToArray());
        }
    }

    [Theory]
    [InlineData(0, 16, true)]
    [InlineData(8, 8, false)]
    [InlineData(16, 16, true)]
    public void A_piece_that_overlaps_others_ends_the_packet(int offset, int length, bool more)
    {
        Assert.True(_pieces.TryAdd(OtherHeader, Bytes(16), 8, true));
        Assert.False(_pieces.TryAdd(OtherHeader, Bytes(length), offset, more));
    }

    [Fact]
    public void Two_ends_cannot_both_be_right()
    {
        Assert.True(_pieces.TryAdd(OtherHeader, Bytes(4), 16, false));
        Assert.False(_pieces.TryAdd(OtherHeader, Bytes(4), 32, false));
        Assert.False(_pieces.TryAdd(OtherHeader, Bytes(8), 24, true));
    }

    [Theory]
    [InlineData(0, 0, false)]
    [InlineData(0, 7, true)]
    [InlineData(4, 8, true)]
    [InlineData(65528, 8, false)]
    [InlineData(-8, 8, true)]
    public void A_piece_that_cannot_be_is_not_taken(int offset, int length, bool more)
    {
        Assert.False(PacketPieces.IsPossible(offset, length, more));
        Assert.False(_pieces.TryAdd(FirstHeader, Bytes(length), offset, more));
        Assert.False(_pieces.HasFirst);
    }

    private byte[] Bytes(int length)
    {
        byte[] bytes = new byte[length];
        _random.NextBytes(bytes);
        return bytes;
    }

    private List<(int From, int To)> Cut(int length)
    {
        List<(int, int)> cuts = [];
        for (int from = 0; from < length;)
        {
            int to = Math.Min(length, from + (8 * _random.Next(1, 1 + Math.Max(1, length / 16))));
            cuts.Add((from, to));
            from = to;
        }

        return cuts;
    }
}
