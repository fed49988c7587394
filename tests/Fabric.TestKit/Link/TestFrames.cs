namespace Fabric.TestKit.Link;

/// <summary>Small frames, written octet by octet.</summary>
public static class TestFrames
{
    public static readonly byte[] Broadcast = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff];

    /// <summary>A locally administered station address: 02:00 and a number.</summary>
    public static byte[] Station(int number) =>
        [0x02, 0x00, (byte)(number >> 24), (byte)(number >> 16), (byte)(number >> 8), (byte)number];

    /// <summary>A frame of the local experimental type 0x88B5, padded with its tag.</summary>
    public static byte[] Ethernet(byte[] destination, byte[] source, int length = 60, byte tag = 0)
    {
        byte[] frame = new byte[length];
        Array.Fill(frame, tag);
        destination.CopyTo(frame, 0);
        source.CopyTo(frame, 6);
        frame[12] = 0x88;
        frame[13] = 0xb5;
        return frame;
    }
}
