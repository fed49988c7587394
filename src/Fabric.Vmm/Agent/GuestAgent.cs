using System.Buffers.Binary;
using System.Text;
using System.Threading.Channels;

namespace Fabric.Vmm.Agent;

/// <summary>The host's side of the guest agent: runs commands in a guest over a byte stream (the virtio-console port
/// <see cref="PortName"/>) to a small program that the guest's init keeps running.</summary>
/// <remarks>
/// <para><b>The stream</b> may begin or end anywhere: the guest reboots, the agent is restarted, half-written words of a predecessor are
/// still under way. Frames are therefore delimited and summed (<see cref="AgentFraming"/>), and what does not check is skipped.</para>
/// <para><b>A session</b> begins with the host's hello, which carries a nonce; the guest's answer repeats it. An agent that has just started
/// announces itself by a hello with a nonce of zeroes: whatever ran before is gone, its callers get an error, and the host greets
/// anew. So every answer that is acted on belongs to the present session.</para>
/// <para><b>Flow.</b> Each command may have <see cref="Window"/> bytes of output that its caller has not consumed, and as many of input that
/// the command has not read; the agent stops reading a command's pipe, and the host stops sending, at that point. So one slow consumer
/// holds up its own command and nothing else.</para>
/// <para><b>Trust.</b> All that comes from the guest is hostile: lengths are bounded by the framing, unknown ids and malformed payloads are
/// counted and dropped, a window that is overrun ends the command.</para>
/// <para>All members may be called from any thread.</para>
/// </remarks>
public sealed class GuestAgent : IAsyncDisposable
{
    /// <summary>Name of the virtio-console port.</summary>
    public const string PortName = "org.fabric.agent";

    /// <summary>Bytes of a command's output, and of its input, that may be under way.</summary>
    public const int Window = 256 << 10;

    private const uint Version = 1;
    private const int MaxQueuedFrames = 4096;
    private const int NonceLength = 8;
    private const int SignalKill = 9;
    private const byte HasInput = 1;

    private readonly Stream _port;
    private readonly CancellationTokenSource _ending = new();
    private readonly Channel<(int Session, byte[] Frame)> _outgoing =
        Channel.CreateBounded<(int, byte[])>(new BoundedChannelOptions(MaxQueuedFrames) { SingleReader = true });

    private readonly Task _reading;
    private readonly Task _writing;

    private readonly Lock _gate = new();
    private readonly Dictionary<uint, RunningCommand> _commands = [];
    private readonly Dictionary<uint, TaskCompletionSource> _answers = [];
    private readonly byte[] _nonce = new byte[NonceLength];
    private TaskCompletionSource _ready = NewSignal();
    private int _session;
    private uint _lastId;
    private long _dropped;
    private string? _ended;

    /// <summary>Starts to listen; the guest need not be there yet.</summary>
    /// <param name="port">The host's end of the byte stream; stays the caller's, who ends it after this object is disposed.</param>
    public GuestAgent(Stream port)
    {
        _port = port;
        _reading = Task.Run(ReadAsync);
        _writing = Task.Run(WriteAsync);
    }

    /// <summary>True while an agent answers.</summary>
    public bool IsReady
    {
        get
        {
            lock (_gate)
                return _ready.Task.IsCompletedSuccessfully;
        }
    }

    /// <summary>Frames from the guest that made no sense, and frames to it that it did not take.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Waits until the guest's agent answers.</summary>
    /// <param name="cancel">Ends the waiting.</param>
    /// <exception cref="GuestAgentException">The guest's agent speaks another version, or this object was disposed.</exception>
    public async Task WaitReadyAsync(CancellationToken cancel = default)
    {
        while (true)
        {
            Task ready;
            lock (_gate)
            {
                ThrowIfEndedLocked();
                ready = _ready.Task;
            }

            await ready.WaitAsync(cancel).ConfigureAwait(false);
            if (IsReady)
                return;
        }
    }

    /// <summary>Runs a command in the guest and waits until it has ended and its output is delivered.</summary>
    /// <param name="command">The command.</param>
    /// <param name="output">Takes standard output in pieces, one at a time; the command waits while it lags far behind.</param>
    /// <param name="error">Takes standard error likewise; never at the same time as <paramref name="output"/>.</param>
    /// <param name="cancel">Kills the command and its process group.</param>
    /// <exception cref="GuestAgentException">No agent answers, the command cannot be started, or the guest went away.</exception>
    public async Task<GuestExit> ExecAsync(
        GuestCommand command,
        Func<ReadOnlyMemory<byte>, ValueTask> output,
        Func<ReadOnlyMemory<byte>, ValueTask> error,
        CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(command);
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(error);
        byte[] request = Encode(command);
        cancel.ThrowIfCancellationRequested();
        RunningCommand running = Begin(request, out int session);
        using CancellationTokenSource inputEnd = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task input = command.Input == null ? Task.CompletedTask : SendInputAsync(running, session, command.Input, inputEnd.Token);
        try
        {
            await foreach ((bool isError, byte[] bytes) in running.Output.ReadAllAsync(cancel).ConfigureAwait(false))
            {
                await (isError ? error : output)(bytes).ConfigureAwait(false);
                running.Consumed(bytes.Length);
                Acknowledge(session, running.Id, bytes.Length);
            }

            return running.Exit;
        }
        catch
        {
            TrySend(session, AgentMessage.Kill, running.Id, [SignalKill]);
            throw;
        }
        finally
        {
            lock (_gate)
                _commands.Remove(running.Id);
            await inputEnd.CancelAsync().ConfigureAwait(false);
            await input.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Asks the guest for an echo.</summary>
    /// <param name="cancel">Ends the waiting.</param>
    /// <exception cref="GuestAgentException">No agent answers, or the guest went away.</exception>
    public Task PingAsync(CancellationToken cancel = default) => AskAsync(AgentMessage.Ping, [], cancel);

    /// <summary>Asks the guest to switch itself off in order; returns when it has begun to.</summary>
    /// <param name="cancel">Ends the waiting.</param>
    /// <exception cref="GuestAgentException">No agent answers, or the guest went away.</exception>
    public Task PowerOffAsync(CancellationToken cancel = default) => AskAsync(AgentMessage.Power, [0], cancel);

    /// <summary>Tells that the guest is gone (switched off, reset): callers get an error now instead of never.</summary>
    /// <param name="why">What happened, for their errors.</param>
    public void Disconnect(string why)
    {
        lock (_gate)
            EndSessionLocked(why);
    }

    /// <summary>Ends all waiting; commands in the guest go on. Does not end the stream.</summary>
    public async ValueTask DisposeAsync()
    {
        End("the machine is being taken down");
        await _ending.CancelAsync().ConfigureAwait(false);
        _outgoing.Writer.TryComplete();
        await Task.WhenAll(_reading, _writing).ConfigureAwait(false);
        _ending.Dispose();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static byte[] Encode(GuestCommand command)
    {
        if (command.Arguments.Count == 0)
            throw new ArgumentException("A command has at least one word.", nameof(command));
        using MemoryStream payload = new();
        payload.WriteByte(command.Input == null ? (byte)0 : HasInput);
        WriteList(payload, command.Arguments);
        WriteList(payload, [command.Directory, .. command.Environment.Select(variable => $"{variable.Key}={variable.Value}")]);
        if (payload.Length > AgentFraming.MaxPayload)
            throw new GuestAgentException($"the command and its environment have {payload.Length} bytes; at most {AgentFraming.MaxPayload} fit: pass long data through standard input");
        return payload.ToArray();
    }

    private static void WriteList(MemoryStream payload, IReadOnlyList<string> strings)
    {
        WriteNumber(payload, strings.Count);
        foreach (string text in strings)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(text);
            WriteNumber(payload, bytes.Length);
            payload.Write(bytes);
        }
    }

    private static void WriteNumber(MemoryStream payload, int number)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, number);
        payload.Write(bytes);
    }

    private RunningCommand Begin(byte[] request, out int session)
    {
        lock (_gate)
        {
            ThrowIfNotReadyLocked();
            session = _session;
            RunningCommand running = new(++_lastId);
            _commands.Add(running.Id, running);
            if (TrySend(session, AgentMessage.Exec, running.Id, request))
                return running;
            _commands.Remove(running.Id);
            throw new GuestAgentException("the guest's agent does not read what it is sent");
        }
    }

    private async Task SendInputAsync(RunningCommand running, int session, Stream input, CancellationToken cancel)
    {
        byte[] buffer = new byte[AgentFraming.MaxPayload / 2];
        int count;
        while ((count = await input.ReadAsync(buffer, cancel).ConfigureAwait(false)) > 0)
        {
            for (int sent = 0; sent < count;)
            {
                int granted = await running.ReserveInputAsync(count - sent, cancel).ConfigureAwait(false);
                byte[] frame = AgentFraming.Encode(AgentMessage.Input, running.Id, buffer.AsSpan(sent, granted));
                await _outgoing.Writer.WriteAsync((session, frame), cancel).ConfigureAwait(false);
                sent += granted;
            }
        }

        await _outgoing.Writer.WriteAsync((session, AgentFraming.Encode(AgentMessage.InputEnd, running.Id, [])), cancel).ConfigureAwait(false);
    }

    private async Task AskAsync(AgentMessage question, byte[] payload, CancellationToken cancel)
    {
        TaskCompletionSource answer = NewSignal();
        uint id;
        lock (_gate)
        {
            ThrowIfNotReadyLocked();
            id = ++_lastId;
            _answers.Add(id, answer);
            if (!TrySend(_session, question, id, payload))
                answer.TrySetException(new GuestAgentException("the guest's agent does not read what it is sent"));
        }

        try
        {
            await answer.Task.WaitAsync(cancel).ConfigureAwait(false);
        }
        finally
        {
            lock (_gate)
                _answers.Remove(id);
        }
    }

    private bool TrySend(int session, AgentMessage type, uint id, ReadOnlySpan<byte> payload)
    {
        if (_outgoing.Writer.TryWrite((session, AgentFraming.Encode(type, id, payload))))
            return true;
        Interlocked.Increment(ref _dropped);
        return false;
    }

    private void Acknowledge(int session, uint id, int bytes)
    {
        Span<byte> count = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(count, bytes);
        TrySend(session, AgentMessage.OutputTaken, id, count);
    }

    private async Task WriteAsync()
    {
        try
        {
            await foreach ((int session, byte[] frame) in _outgoing.Reader.ReadAllAsync(_ending.Token).ConfigureAwait(false))
            {
                // What was meant for an agent that is gone must not reach its successor.
                if (session == Volatile.Read(ref _session))
                    await _port.WriteAsync(frame, _ending.Token).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or ObjectDisposedException)
        {
            End("the agent's port is closed");
        }
    }

    private async Task ReadAsync()
    {
        AgentFrameReader reader = new();
        byte[] buffer = new byte[65536];
        try
        {
            int count;
            while ((count = await _port.ReadAsync(buffer, _ending.Token).ConfigureAwait(false)) > 0)
            {
                long malformed = reader.Malformed;
                reader.Feed(buffer.AsSpan(0, count), Handle);
                Interlocked.Add(ref _dropped, reader.Malformed - malformed);
            }

            End("the agent's port is closed");
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or ObjectDisposedException)
        {
            End("the agent's port is closed");
        }
    }

    private void Handle(AgentMessage type, uint id, ReadOnlySpan<byte> payload)
    {
        lock (_gate)
        {
            bool known = type switch
            {
                AgentMessage.GuestHello => TryGreetLocked(payload),
                AgentMessage.Output or AgentMessage.Error => TryDeliverLocked(type == AgentMessage.Error, id, payload),
                AgentMessage.Exit => TryCompleteLocked(id, payload),
                AgentMessage.InputTaken when payload.Length == 4 => TryGrantLocked(id, BinaryPrimitives.ReadUInt32BigEndian(payload)),
                AgentMessage.Pong or AgentMessage.Done => _answers.TryGetValue(id, out TaskCompletionSource? answer) && answer.TrySetResult(),
                _ => false,
            };
            if (!known)
                Interlocked.Increment(ref _dropped);
        }
    }

    private bool TryGreetLocked(ReadOnlySpan<byte> payload)
    {
        if (payload.Length < 4 + NonceLength)
            return false;
        uint version = BinaryPrimitives.ReadUInt32BigEndian(payload);
        ReadOnlySpan<byte> nonce = payload.Slice(4, NonceLength);
        if (nonce.IndexOfAnyExcept((byte)0) >= 0)
            return nonce.SequenceEqual(_nonce) && _ready.TrySetResult();
        EndSessionLocked("the guest's agent was restarted");
        if (version != Version)
        {
            _ready.TrySetException(new GuestAgentException($"the guest's agent speaks version {version}, this host version {Version}: use an image made by this release"));
            return true;
        }

        // Any number that no earlier session used will do: the guest only repeats it.
        BinaryPrimitives.WriteInt64BigEndian(_nonce, _session);
        Span<byte> hello = stackalloc byte[4 + NonceLength];
        BinaryPrimitives.WriteUInt32BigEndian(hello, Version);
        _nonce.CopyTo(hello[4..]);
        return TrySend(_session, AgentMessage.Hello, 0, hello);
    }

    private bool TryDeliverLocked(bool isError, uint id, ReadOnlySpan<byte> bytes)
    {
        if (!_commands.TryGetValue(id, out RunningCommand? command))
        {
            // Nobody waits for it any more, but a command whose window stays closed would never end.
            Acknowledge(_session, id, bytes.Length);
            return false;
        }

        if (command.TryAddOutput(isError, bytes))
            return true;
        command.Fail("the guest's agent sends more than it may");
        return false;
    }

    private bool TryCompleteLocked(uint id, ReadOnlySpan<byte> payload)
    {
        if (payload.Length < 5 || !_commands.Remove(id, out RunningCommand? command))
            return false;
        int value = (int)BinaryPrimitives.ReadUInt32BigEndian(payload[1..]);
        switch (payload[0])
        {
            case 0:
                command.Complete(new GuestExit(value & 0xff, 0));
                return true;
            case 1:
                command.Complete(new GuestExit(0, value & 0x7f));
                return true;
            default:
                command.Fail($"the guest could not start the command: {Printable(payload[5..])}");
                return true;
        }
    }

    private bool TryGrantLocked(uint id, uint bytes)
    {
        if (!_commands.TryGetValue(id, out RunningCommand? command))
            return false;
        command.InputTaken(bytes);
        return true;
    }

    /// <summary>A guest's words on the operator's terminal: one line, no control characters.</summary>
    private static string Printable(ReadOnlySpan<byte> text) =>
        string.Concat(Encoding.UTF8.GetString(text[..Math.Min(text.Length, 400)]).Select(c => char.IsControl(c) ? ' ' : c));

    private void EndSessionLocked(string why)
    {
        foreach (RunningCommand command in _commands.Values)
            command.Fail($"the command was cut off: {why}");
        _commands.Clear();
        foreach (TaskCompletionSource answer in _answers.Values)
            answer.TrySetException(new GuestAgentException(why));
        _answers.Clear();
        Volatile.Write(ref _session, _session + 1);
        TaskCompletionSource previous = _ready;
        _ready = NewSignal();

        // Those who wait find that the signal was for a session that is over, and wait for the next.
        previous.TrySetResult();
    }

    private void End(string why)
    {
        lock (_gate)
        {
            _ended ??= why;
            EndSessionLocked(why);
        }
    }

    private void ThrowIfNotReadyLocked()
    {
        ThrowIfEndedLocked();
        if (!_ready.Task.IsCompletedSuccessfully)
            throw new GuestAgentException("the guest's agent does not answer yet; it does once the guest has booted");
    }

    private void ThrowIfEndedLocked()
    {
        if (_ended != null)
            throw new GuestAgentException(_ended);
    }
}
