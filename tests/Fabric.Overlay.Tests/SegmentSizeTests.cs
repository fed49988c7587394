using Fabric.Link;
using Fabric.TestKit;
using Fabric.TestKit.Link;
using Fabric.TestKit.Wire;

namespace Fabric.Overlay.Tests;

/// <summary>What a SYN says of the longest segment, on its way through a tunnel that carries packets of 1450 bytes.</summary>
public class SegmentSizeTests
{
    private const byte Syn = 0x02;
    private const byte SynAck = 0x12;

    /// <summary>What Linux sends: maximum segment size, selective acknowledgements, timestamps, window scale.</summary>
    private static readonly byte[] s_usual = [2, 4, 0x05, 0xB4, 4, 2, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 3, 3, 7];

    /// <summary>The same number on an odd position, where its halves are in different words of the sum.</summary>
    private static readonly byte[] s_odd = [1, 2, 4, 0x05, 0xB4, 1, 1, 1];

    [Theory]
    [InlineData(false, Syn, 0, 0, 1410)]
    [InlineData(false, SynAck, 0, 0, 1410)]
    [InlineData(true, Syn, 0, 0, 1390)]
    [InlineData(true, SynAck, 0, 0, 1390)]
    [InlineData(false, Syn, 40, 0, 1410)]
    [InlineData(true, Syn, 8, 0, 1390)]
    [InlineData(true, Syn, 136, 0, 1390)]
    [InlineData(false, Syn, 0, 1, 1410)]
    [InlineData(true, SynAck, 16, 1, 1390)]
    [InlineData(false, Syn, 0, 2, 1406)]
    public void Is_lowered_to_what_fits_and_the_checksum_with_it(bool v6, byte flags, int networkOptions, int tags, int expected)
    {
        foreach (byte[] options in (byte[][])[s_usual, s_odd])
        {
            PacketRecipe recipe = Recipe(v6, flags) with { NetworkOptions = networkOptions, Vlans = [.. Enumerable.Repeat(7, tags)] };
            byte[] frame = Build(ref recipe, options);
            int at = Array.IndexOf(options, (byte)2) + 2 + recipe.TransportStart + 20;
            foreach (bool isPartial in (bool[])[false, true])
            {
                using Mesh mesh = tags == 0 ? new(2) : new(2, new SegmentOptions { Tags = InnerTags.Carried });
                int most = expected - (tags == 0 ? 0 : 4);
                mesh.Send(0, isPartial ? frame : Finished(frame, recipe), isPartial ? OffloadTests.Partial(recipe) : default);
                byte[] came = Assert.Single(mesh.Sinks[1].Frames).Bytes;
                byte[] wanted = [.. frame];
                wanted[at] = (byte)(most >> 8);
                wanted[at + 1] = (byte)most;
                Assert.Equal(Finished(wanted, recipe), came);
                Assert.Equal((1, 0), (mesh.Ports[0].Events.MssClamped, mesh.Ports[1].Events.MssClamped));
            }
        }
    }

    /// <summary>The far end need not do the same: a kernel's does not, and may leave the checksum to us as well.</summary>
    [Theory]
    [InlineData(false, 1410)]
    [InlineData(true, 1390)]
    public void Is_lowered_on_the_way_in_too(bool v6, int expected)
    {
        PacketRecipe recipe = Recipe(v6, SynAck);
        byte[] frame = Build(ref recipe, s_usual);
        int at = recipe.TransportStart + 22;
        byte[] wanted = [.. frame];
        wanted[at] = (byte)(expected >> 8);
        wanted[at + 1] = (byte)expected;
        using Mesh mesh = new(2);
        mesh.Underlays[1].Inject(Mesh.Address(0), [0x08, 0, 0, 0, 0, 0, Mesh.Vni, 0, .. frame]);
        mesh.Underlays[1].Inject(Mesh.Address(0), [0x08, 0, 0, 0, 0, 0, Mesh.Vni, 0, .. Finished(frame, recipe)]);
        mesh.Settle();
        Assert.Equal(wanted, mesh.Sinks[1].Frames[0].Bytes);
        Assert.Equal(OffloadFlags.NeedsChecksum, mesh.Sinks[1].Frames[0].Offload.Flags);
        Assert.Equal(Finished(wanted, recipe), mesh.Sinks[1].Frames[1].Bytes);
        Assert.True(mesh.Sinks[1].Frames[1].Offload.IsNone);
        Assert.Equal(2, mesh.Ports[1].Events.MssClamped);
    }

    public static TheoryData<string, byte, byte[]> Untouched => new()
    {
        { "less than the limit", Syn, [2, 4, 0x05, 0x00] },
        { "the limit itself", Syn, [2, 4, 0x05, 0x6E] },
        { "no option", Syn, [1, 1, 1, 1] },
        { "behind the list's end", Syn, [0, 2, 4, 0xFF, 0xFF, 0, 0, 0] },
        { "a length of its own", Syn, [2, 3, 0xFF, 1, 2, 5, 0xFF, 0xFF, 0xFF, 1, 1, 1] },
        { "a length of nothing", Syn, [3, 0, 2, 4, 0xFF, 0xFF, 1, 1] },
        { "beyond the header", Syn, [1, 1, 2, 4] },
        { "no SYN", 0x10, [2, 4, 0xFF, 0xFF] },
    };

    [Theory]
    [MemberData(nameof(Untouched))]
    public void Stays_as_it_is(string why, byte flags, byte[] options)
    {
        foreach (bool v6 in (bool[])[false, true])
        {
            PacketRecipe recipe = Recipe(v6, flags) with { Payload = [0xFF, 0xFF, 0xFF, 0xFF] };
            byte[] frame = Finished(Build(ref recipe, options), recipe);
            using Mesh mesh = new(2);
            mesh.Send(0, frame);
            Assert.True(frame.AsSpan().SequenceEqual(Assert.Single(mesh.Sinks[1].Frames).Bytes), why);
            Assert.Equal((0, 0), (mesh.Ports[0].Events.MssClamped, mesh.Ports[1].Events.MssClamped));
        }
    }

    /// <summary>The piece behind the first of a fragmented packet holds no header, whatever it looks like.</summary>
    [Theory]
    [InlineData(0x2000, 1)]
    [InlineData(0x2001, 0)]
    [InlineData(0x0010, 0)]
    public void Is_not_looked_for_in_later_fragments(int fragment, int lowered)
    {
        PacketRecipe recipe = Recipe(false, Syn);
        byte[] frame = Build(ref recipe, s_usual);
        frame[20] = (byte)(fragment >> 8);
        frame[21] = (byte)fragment;
        using Mesh mesh = new(2);
        mesh.Send(0, frame);
        Assert.Equal(lowered, mesh.Ports[0].Events.MssClamped);
    }

    /// <summary>Any bytes whatever, cut off anywhere: nothing is read or written beyond what is there, and nothing but a SYN changes.</summary>
    [Fact]
    public void Damaged_headers_do_no_harm()
    {
        Random random = new(TestSeed.Seed);
        using Mesh mesh = new(2, new SegmentOptions { Tags = InnerTags.Carried, FindsUnfinished = false });
        for (int round = 0; round < 2000; round++)
        {
            PacketRecipe recipe = Recipe(random.Next(2) == 0, (byte)random.Next(256)) with { NetworkOptions = 8 * random.Next(5), Vlans = [.. new int[random.Next(4)]] };
            byte[] frame = Build(ref recipe, random.Next(2) == 0 ? s_usual : s_odd);
            for (int i = random.Next(6); i > 0; i--)
                frame[random.Next(12, frame.Length)] = (byte)random.Next(256);
            frame = frame[..random.Next(14, frame.Length + 1)];
            long lowered = mesh.Ports[0].Events.MssClamped;
            mesh.Ports[0].Send(frame, default, 1 + random.Next(13));
            mesh.Settle();
            byte[] came = Assert.Single(mesh.Sinks[1].Frames).Bytes;
            Assert.Equal(frame.Length, came.Length);
            mesh.Sinks[1].Frames.Clear();
            Assert.True(mesh.Ports[0].Events.MssClamped != lowered || frame.AsSpan().SequenceEqual(came));
        }
    }

    private static PacketRecipe Recipe(bool v6, byte flags) => new() { V6 = v6, TcpFlags = flags };

    private static byte[] Build(ref PacketRecipe recipe, byte[] options)
    {
        recipe = recipe with { TcpOptions = options.Length };
        byte[] frame = recipe.Build();
        options.CopyTo(frame, recipe.TransportStart + 20);
        return frame;
    }

    /// <summary>A frame of which the checksum was finished: the field held the pseudo header's sum.</summary>
    private static byte[] Finished(byte[] frame, PacketRecipe recipe)
    {
        byte[] finished = [.. frame];
        int sum = 0xFFFF - SlowChecksum.Sum(finished[recipe.TransportStart..]);
        finished[recipe.TransportStart + 16] = (byte)(sum >> 8);
        finished[recipe.TransportStart + 17] = (byte)sum;
        return finished;
    }
}
