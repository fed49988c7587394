using Fabric.Disk;
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

    /// <summary>Sends what was added and behind it a READ's data, from where it stands and as far as that goes without waiting. What is
    /// left of the data must follow a <see cref="Send"/>, before anything else.</summary>
    /// <returns>How many bytes of the data were sent.</returns>
    internal int SendLoan(ulong cookie, long offset, in DiskLoan loan, bool last)
    {
        ReplyFormat.WriteReadHeader(_bytes.AsSpan(_end), structured, cookie, offset, loan.Length, last);
        _end += _readHeader;
        int sent = IsBroken ? 0 : Math.Max(0, socket.TrySend(_bytes.AsSpan(0, _end), loan.Address, loan.Length));
        int ofThese = Math.Min(sent, _end);
        _bytes.AsSpan(ofThese, _end - ofThese).CopyTo(_bytes);
        _end -= ofThese;
        return sent - ofThese;
    }

    /// <summary>Where the rest of a READ's data goes whose header is out.</summary>
    internal Span<byte> RestPlace(int length) => _bytes.AsSpan(_end, length);

    /// <summary>Adds what stands in <see cref="RestPlace"/>.</summary>
    internal void AddRest(int length) => Advance(length);

    /// <summary>Gives the connection up: a reply that has begun cannot be completed.</summary>
    internal void Break() => IsBroken = true;

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
