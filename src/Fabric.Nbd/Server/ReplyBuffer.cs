using Fabric.Nbd.Protocol;

namespace Fabric.Nbd.Server;

/// <summary>Replies on their way out: each is built in place, reads go from the disk straight behind their header, and many leave with one
/// system call.</summary>
internal sealed class ReplyBuffer(NbdSocket socket, bool structured)
{
    /// <summary>Longest data that is read in one piece behind a header.</summary>
    internal const int LargestPiece = 256 << 10;

    // Enough that the call costs little per reply, little enough that the bytes are still in the processor's cache.
    private const int SendAt = 64 << 10;

    private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(SendAt + LargestPiece + ReplyFormat.DataHeader, pinned: true);
    private readonly int _readHeader = ReplyFormat.ReadHeader(structured);
    private int _end;

    /// <summary>True once the client can no longer be reached. What is added afterwards is dropped.</summary>
    internal bool IsBroken { get; private set; }

    /// <summary>Where a READ's data goes.</summary>
    /// <param name="length">At most <see cref="LargestPiece"/>.</param>
    internal Span<byte> DataPlace(int length) => _bytes.AsSpan(_end + _readHeader, length);

    /// <summary>Adds a READ's data, which stands in <see cref="DataPlace"/>.</summary>
    internal void AddData(ulong cookie, long offset, int length, bool last)
    {
        ReplyFormat.WriteReadHeader(_bytes.AsSpan(_end), structured, cookie, offset, length, last);
        Advance(_readHeader + length);
    }

    /// <summary>Adds a reply without data.</summary>
    internal void AddBare(CommandType type, ulong cookie, NbdError error) =>
        Advance(ReplyFormat.WriteBare(_bytes.AsSpan(_end), type, structured, cookie, error));

    /// <summary>Sends a reply that was built elsewhere, after all that was added here.</summary>
    internal void SendBuilt(ReadOnlySpan<byte> reply)
    {
        if (reply.Length <= SendAt / 4)
        {
            reply.CopyTo(_bytes.AsSpan(_end));
            Advance(reply.Length);
            return;
        }

        Send();
        IsBroken = IsBroken || !socket.Send(reply);
    }

    /// <summary>Sends what was added.</summary>
    internal void Send()
    {
        if (_end == 0)
            return;
        IsBroken = IsBroken || !socket.Send(_bytes.AsSpan(0, _end));
        _end = 0;
    }

    private void Advance(int length)
    {
        _end += length;
        if (_end >= SendAt)
            Send();
    }
}
