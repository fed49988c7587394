namespace Fabric.Wire.Tests;

public class VxlanViewTests
{
    // RFC 7348, 5: flags RRRRIRRR, 24 reserved bits, VNI, 8 reserved bits.
    private static readonly byte[] Header = [0x08, 0, 0, 0, 0x12, 0x34, 0x56, 0];

    [Fact]
    public void The_header_of_the_RFC_is_read_and_written()
    {
        Assert.True(VxlanView.TryParse([.. Header, 1, 2, 3], out VxlanView view));
        Assert.Equal(0x123456, view.Vni);
        Assert.Equal([1, 2, 3], view.Frame.ToArray());
        byte[] written = new byte[8];
        Array.Fill(written, (byte)0xFF);
        VxlanView.Write(written, 0x123456);
        Assert.Equal(Header, written);
    }

    [Fact]
    public void Reserved_bits_are_ignored()
    {
        Assert.True(VxlanView.TryParse([0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 1, 0xFF], out VxlanView view));
        Assert.Equal(1, view.Vni);
    }

    [Fact]
    public void A_header_without_valid_identifier_or_cut_off_is_refused()
    {
        Assert.False(VxlanView.TryParse([0xF7, 0, 0, 0, 0, 0, 1, 0], out _));
        Assert.False(VxlanView.TryParse(Header.AsSpan(0, 7), out _));
        Assert.False(VxlanView.TryParse([], out _));
    }
}
