using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace Fabric.Link.Streams;

/// <summary>A connected peer of a <see cref="StreamPort"/>: a pipe for what comes in and one for what goes out, with a loop each.</summary>
/// <remarks>
/// <para>In: the loop receives into the pipe and stops while the pipe is full, so that a peer which sends more than the switch takes is
/// slowed down by its own connection and loses nothing. The worker that polls the port takes frames straight out of the pipe.</para>
/// <para>Out: whoever transmits copies frames into the pipe under the port's lock; the loop sends. Frames that find
/// <see cref="MostQueued"/> bytes waiting are dropped: a peer that does not read holds up nobody else.</para>
/// <para>A connection ends when the peer goes or sends nonsense. What was received before is still handed on.</para>
/// </remarks>
internal sealed class StreamConnection : IDisposable
{
    /// <summary>Most bytes that wait to be sent: four super-frames or some 700 ordinary frames.</summary>
    internal const int MostQueued = 1 << 20;

    private readonly Socket _socket;
    private readonly Pipe _in;
    private readonly Pipe _out;
    private readonly FrameDecoder _decoder = new();
    private readonly Action _arrived;
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Action? _wake;
    private ValueTaskAwaiter<ReadResult> _waiting;
    private bool _isWaiting;
    private bool _finished;
    private long _queued;

    internal StreamConnection(Socket socket, PinnedBlocks blocks)
    {
        _socket = socket;
        _arrived = () => Volatile.Read(ref _wake)?.Invoke();
        _in = new Pipe(new PipeOptions(
            blocks, PipeScheduler.Inline, PipeScheduler.Inline, pauseWriterThreshold: 1 << 20, resumeWriterThreshold: 1 << 19, minimumSegmentSize: PinnedBlocks.BlockLength, useSynchronizationContext: false));
        _out = new Pipe(new PipeOptions(
            blocks, PipeScheduler.Inline, PipeScheduler.Inline, pauseWriterThreshold: 0, resumeWriterThreshold: 0, minimumSegmentSize: PinnedBlocks.BlockLength, useSynchronizationContext: false));
    }

    /// <summary>Ends when the worker has taken the last frame that came in.</summary>
    internal Task Drained => _drained.Task;

    /// <summary>Says what to do when frames arrive after <see cref="TryArm"/> returned true.</summary>
    internal void AttachWaker(Action wake) => Volatile.Write(ref _wake, wake);

    /// <summary>Moves bytes until the peer goes, or <see cref="Dispose"/>.</summary>
    internal async Task RunAsync()
    {
        Task receiving = ReceiveAsync();
        Task sending = SendAsync();
        // Sending may fail first, when a peer has gone: what it sent before stands in the socket still.
        await receiving.ConfigureAwait(false);
        _socket.Dispose();
        _out.Reader.CancelPendingRead();
        await sending.ConfigureAwait(false);
    }

    /// <summary>Hands a burst on. The worker's thread.</summary>
    internal int Receive(StreamPort port, IFrameSink sink)
    {
        if (_drained.Task.IsCompleted || !TryRead(out ReadResult result))
            return 0;
        SequencePosition consumed = _decoder.Decode(result.Buffer);
        int taken = _decoder.Count + _decoder.Truncated;
        port.Counters.AddReceived(_decoder.Count, _decoder.Bytes);
        if (_decoder.Truncated != 0)
            port.Counters.AddReceiveDrops(DropReason.Truncated, _decoder.Truncated);
        if (_decoder.Count != 0)
            sink.Accept(port, _decoder.Frames);
        if (_decoder.IsBroken)
            port.Counters.AddReceiveDrops(DropReason.Oversized);
        if (_decoder.IsBroken || (result.IsCompleted && taken == 0))
        {
            Finish();
            return taken;
        }

        // With a whole burst there may be more in the buffer: only what was consumed counts as looked at then.
        _in.Reader.AdvanceTo(consumed, taken == 0 ? result.Buffer.End : consumed);
        return taken;
    }

    /// <summary>Asks for a wake-up. The worker's thread.</summary>
    /// <returns>False when something has come in.</returns>
    internal bool TryArm()
    {
        if (_drained.Task.IsCompleted)
            return true;
        if (_isWaiting)
            return !_waiting.IsCompleted;
        // Bytes that are no whole frame were looked at and do not complete the read; what comes behind them does.
#pragma warning disable CA2012 // Kept until TryRead takes its result, once.
        _waiting = _in.Reader.ReadAsync().GetAwaiter();
#pragma warning restore CA2012
        _isWaiting = true;
        if (_waiting.IsCompleted)
            return false;
        _waiting.UnsafeOnCompleted(_arrived);
        return true;
    }

    /// <summary>Copies a frame to what waits to be sent. Under the port's transmit lock.</summary>
    /// <returns>False when too much waits.</returns>
    internal bool TryQueue(in Frame frame)
    {
        int length = FrameDecoder.PrefixLength + frame.Length;
        if (Volatile.Read(ref _queued) + length > MostQueued)
            return false;
        PipeWriter writer = _out.Writer;
        BinaryPrimitives.WriteInt32BigEndian(writer.GetSpan(FrameDecoder.PrefixLength), frame.Length);
        writer.Advance(FrameDecoder.PrefixLength);
        for (int offset = 0; offset < frame.Length;)
        {
            int copied = frame.CopyTo(offset, writer.GetSpan());
            writer.Advance(copied);
            offset += copied;
        }

        Interlocked.Add(ref _queued, length);
        return true;
    }

    /// <summary>Shows what was queued to the sending loop. Under the port's transmit lock.</summary>
    internal void Send()
    {
        // Completes at once: the pipe has no threshold, as TryQueue keeps the bound.
#pragma warning disable CA2012 // Nothing to wait for.
        _out.Writer.FlushAsync().GetAwaiter().GetResult();
#pragma warning restore CA2012
    }

    /// <summary>Queues nothing more. Under the port's transmit lock.</summary>
    internal void CloseQueue() => _out.Writer.Complete();

    /// <summary>Cuts the connection; <see cref="RunAsync"/> ends.</summary>
    public void Dispose() => _socket.Dispose();

    /// <summary>Gives back what the worker has not taken. Only when no worker polls the port.</summary>
    internal void Abandon() => Finish();

    private bool TryRead(out ReadResult result)
    {
        if (!_isWaiting)
            return _in.Reader.TryRead(out result);
        result = default;
        if (!_waiting.IsCompleted)
            return false;
        result = _waiting.GetResult();
        _isWaiting = false;
        return true;
    }

    private void Finish()
    {
        if (Interlocked.Exchange(ref _finished, true))
            return;
        _in.Reader.Complete();
        _socket.Dispose();
        _drained.TrySetResult();
    }

    private async Task ReceiveAsync()
    {
        PipeWriter writer = _in.Writer;
        try
        {
            while (true)
            {
                int received = await _socket.ReceiveAsync(writer.GetMemory(), SocketFlags.None).ConfigureAwait(false);
                if (received == 0)
                    break;
                writer.Advance(received);
                FlushResult flushed = await writer.FlushAsync().ConfigureAwait(false);
                if (flushed.IsCompleted)
                    break;
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The peer is gone, or the port closed.
        }

        writer.Complete();
    }

    private async Task SendAsync()
    {
        PipeReader reader = _out.Reader;
        try
        {
            ReadResult result;
            do
            {
                result = await reader.ReadAsync().ConfigureAwait(false);
                foreach (ReadOnlyMemory<byte> segment in result.Buffer)
                {
                    for (ReadOnlyMemory<byte> rest = segment; !rest.IsEmpty;)
                        rest = rest[await _socket.SendAsync(rest, SocketFlags.None).ConfigureAwait(false)..];
                }

                Interlocked.Add(ref _queued, -result.Buffer.Length);
                reader.AdvanceTo(result.Buffer.End);
            }
            while (!result.IsCompleted && !result.IsCanceled);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // As above.
        }

        reader.Complete();
    }
}
