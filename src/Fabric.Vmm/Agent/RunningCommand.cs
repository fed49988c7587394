using System.Threading.Channels;

namespace Fabric.Vmm.Agent;

/// <summary>A command under way: what the reader puts in, and the command's caller takes out.</summary>
internal sealed class RunningCommand
{
    private readonly Channel<(bool IsError, byte[] Bytes)> _output =
        Channel.CreateUnbounded<(bool, byte[])>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });

    private readonly Lock _gate = new();

    /// <summary>Holds one signal at most: that there may be room for input again.</summary>
    private readonly Channel<bool> _inputRoom = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private GuestExit _exit;
    private long _unconsumed;
    private long _inputWindow = GuestAgent.Window;

    internal RunningCommand(uint id) => Id = id;

    internal uint Id { get; }

    /// <summary>Output in the order it came; ends when the command does.</summary>
    internal ChannelReader<(bool IsError, byte[] Bytes)> Output => _output.Reader;

    /// <summary>How the command ended; set before <see cref="Output"/> ends without an exception.</summary>
    internal GuestExit Exit => _exit;

    /// <summary>Takes a piece of output.</summary>
    /// <returns>False when the guest sends more than the window allows.</returns>
    internal bool TryAddOutput(bool isError, ReadOnlySpan<byte> bytes)
    {
        // One chunk may be under way on each of the two streams when the window closes.
        if (Interlocked.Add(ref _unconsumed, bytes.Length) > GuestAgent.Window + (2 * AgentFraming.MaxPayload))
            return false;
        _output.Writer.TryWrite((isError, bytes.ToArray()));
        return true;
    }

    internal void Consumed(int bytes) => Interlocked.Add(ref _unconsumed, -bytes);

    internal void Complete(GuestExit exit)
    {
        _exit = exit;
        _output.Writer.TryComplete();
    }

    internal void Fail(string why) => _output.Writer.TryComplete(new GuestAgentException(why));

    /// <summary>The guest has consumed input.</summary>
    internal void InputTaken(uint bytes)
    {
        lock (_gate)
            _inputWindow = Math.Min(_inputWindow + bytes, GuestAgent.Window);
        _inputRoom.Writer.TryWrite(true);
    }

    /// <summary>Waits until the guest has room for input.</summary>
    /// <returns>Number of bytes that may be sent, 1 … <paramref name="wanted"/>.</returns>
    internal async Task<int> ReserveInputAsync(int wanted, CancellationToken cancel)
    {
        while (true)
        {
            lock (_gate)
            {
                int granted = (int)Math.Min(wanted, _inputWindow);
                _inputWindow -= granted;
                if (granted > 0)
                    return granted;
            }

            await _inputRoom.Reader.ReadAsync(cancel).ConfigureAwait(false);
        }
    }
}
