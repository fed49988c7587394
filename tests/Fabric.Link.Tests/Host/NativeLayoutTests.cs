using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Fabric.Link.Tests.Host;

/// <summary>Structures that the kernel reads and writes, against its own layout on 64-bit hosts.</summary>
public sealed class NativeLayoutTests
{
    [Fact]
    public void Messages_are_laid_out_as_the_kernel_has_them()
    {
        // struct mmsghdr of linux/socket.h: struct msghdr of 56 bytes, the int msg_flags at 48; then unsigned int msg_len.
        Assert.Equal(64, Unsafe.SizeOf<Native.MultiMessage>());
        Assert.Equal([0, 8, 16, 24, 32, 40, 48, 56], ((string[])["Name", "NameLength", "Pieces", "PieceCount", "Control", "ControlLength", "Flags", "Sent"])
            .Select(field => (int)Marshal.OffsetOf<Native.MultiMessage>(field)));
        Assert.Equal([0, 8], ((string[])["Base", "Length"]).Select(field => (int)Marshal.OffsetOf<Native.IoVector>(field)));
    }
}
