using System.Buffers.Binary;

namespace Fabric.Vmm.Agent;

/// <summary>Finds frames in a byte stream that may begin, end and break anywhere. What does not check is dropped up to the next
/// delimiter and counted.</summary>
internal sealed class AgentFrameReader
{
    private readonly byte[] _frame = new byte[AgentFraming.Overhead + AgentFraming.MaxPayload];
    private int _length;
    private bool _escaped;
    private bool _tooLong;

    /// <summary>A frame that was found; the payload is valid during the call.</summary>
    internal delegate void Handler(AgentMessage type, uint id, ReadOnlySpan<byte> payload);

    /// <summary>Pieces between delimiters that were no frame.</summary>
    internal long Malformed { get; private set; }

    /// <summary>Takes the next bytes of the stream and hands on each frame that they complete.</summary>
    internal void Feed(ReadOnlySpan<byte> bytes, Handler handler)
    {
        foreach (byte octet in bytes)
        {
            if (octet == AgentFraming.Delimiter)
                End(handler);
            else if (octet == AgentFraming.Escape && !_escaped)
                _escaped = true;
            else
                Append(octet);
        }
    }

    private void Append(byte octet)
    {
        if (_length == _frame.Length)
        {
            _tooLong = true;
            return;
        }

        _frame[_length++] = _escaped ? (byte)(octet ^ AgentFraming.EscapeMask) : octet;
        _escaped = false;
    }

    private void End(Handler handler)
    {
        ReadOnlySpan<byte> frame = _frame.AsSpan(0, _length);
        bool whole = _length >= AgentFraming.Overhead && !_tooLong && !_escaped;
        bool empty = _length == 0;
        _length = 0;
        _escaped = _tooLong = false;
        if (empty)
            return;
        if (!whole || AgentFraming.Sum(frame[..^AgentFraming.SumLength]) != BinaryPrimitives.ReadUInt32BigEndian(frame[^AgentFraming.SumLength..]))
        {
            Malformed++;
            return;
        }

        handler((AgentMessage)frame[0], BinaryPrimitives.ReadUInt32BigEndian(frame[1..]), frame[AgentFraming.HeaderLength..^AgentFraming.SumLength]);
    }
}
