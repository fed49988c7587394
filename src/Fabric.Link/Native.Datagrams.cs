using System.Runtime.InteropServices;

namespace Fabric.Link;

/// <summary>Batched datagrams: recvmmsg(2), sendmmsg(2). Layouts are those of 64-bit Linux.</summary>
internal static unsafe partial class Native
{
    internal const int MsgDontWait = 0x40;
    internal const int MsgNoSignal = 0x4000;
    internal const int ErrorAgain = 11;
    internal const int ErrorMessageSize = 90;
    internal const int ErrorNoBuffers = 105;

    [LibraryImport("libc", EntryPoint = "recvmmsg", SetLastError = true)]
    internal static partial int ReceiveMany(SafeHandle fd, MessageHeader* messages, uint count, int flags, void* timeout);

    [LibraryImport("libc", EntryPoint = "sendmmsg", SetLastError = true)]
    internal static partial int SendMany(SafeHandle fd, MessageHeader* messages, uint count, int flags);

    /// <summary>struct mmsghdr.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 64)]
    internal struct MessageHeader
    {
        internal byte* Name;
        internal uint NameLength;
        internal IoVector* Pieces;
        internal nint PieceCount;
        internal void* Control;
        internal nint ControlLength;
        internal long Flags;
        internal uint Length;
    }
}
