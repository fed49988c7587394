using System.Buffers.Binary;
using System.Net.Sockets;
using Fabric.Link.Streams;
using Fabric.TestKit.Link;

namespace Fabric.Link.Tests.Streams;

/// <summary>What <see cref="StreamFuzzTests"/> says to a port, and the worker that polls it.</summary>
internal sealed class StreamFuzzPeer : IFrameSink, IWaker, ILinkWatcher, IDisposable
{
    private const int ShortestFrame = 14;
    private const int LongestSpeech = 1 << 18;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly StreamPort _port;
    private readonly Random _random;
    private readonly byte[] _speech = new byte[LongestSpeech + (2 * Frame.MaxLength)];
    private readonly Queue<(int Offset, int Length)> _expected = new();
    private readonly byte[] _scratch = new byte[Frame.MaxLength];
    private readonly SemaphoreSlim _woken = new(0);
    private readonly Queue<byte> _echo = new();
    private int _length;
    private int _ended;

    internal StreamFuzzPeer(StreamPort port, Random random)
    {
        (_port, _random) = (port, random);
        random.NextBytes(_speech);
        port.AttachWaker(this);
        port.AttachLinkWatcher(this);
    }

    internal long Frames { get; private set; }

    internal long Bytes { get; private set; }

    internal long Runts { get; private set; }

    internal long Lies { get; private set; }

    internal long CutOff { get; private set; }

    internal long Echoed { get; private set; }

    public void Dispose() => _woken.Dispose();

    void IWaker.Wake() => _woken.Release();

    void ILinkWatcher.LinkChanged(IPort port, bool isUp)
    {
        Interlocked.Add(ref _ended, isUp ? 0 : 1);
        _woken.Release();
    }

    void IFrameSink.Accept(IPort port, ReadOnlySpan<Frame> frames)
    {
        foreach (ref readonly Frame frame in frames)
        {
            (int offset, int length) = _expected.Dequeue();
            Assert.Equal(length, frame.Length);
            Assert.Equal(length, frame.CopyTo(0, _scratch));
            Assert.True(_scratch.AsSpan(0, length).SequenceEqual(_speech.AsSpan(offset, length)), $"frame {Frames} is another");
            Frames++;
            Bytes += length;
        }
    }

    /// <summary>Makes a speech and gives it in pieces, while the port is polled now and then and sends too.</summary>
    internal void Talk(Socket peer)
    {
        Compose();
        _echo.Clear();
        peer.Blocking = false;
        for (int at = 0; at < _length;)
        {
            int piece = _random.Next(8) switch { 0 => _random.Next(1, 6), < 4 => _random.Next(1, 2000), _ => _random.Next(1, 100_000) };
            int sent = peer.Send(_speech.AsSpan(at, Math.Min(piece, _length - at)), SocketFlags.None, out SocketError error);
            if (error is not (SocketError.Success or SocketError.WouldBlock))
                break;
            at += Math.Max(sent, 0);
            if (error == SocketError.WouldBlock || _random.Next(4) == 0)
                _port.Receive(this);
            if (_random.Next(4) == 0)
                _port.TryArm();
            if (_random.Next(8) == 0)
                Echo();
            if (_random.Next(16) == 0)
                Hear(peer);
        }
    }

    /// <summary>Polls as a worker does, asleep whenever the port allows it, until all that was said has come and the link was down.</summary>
    /// <param name="peers">Peers that have gone.</param>
    internal void TakeTheRest(int peers)
    {
        while (true)
        {
            if (_port.Receive(this) != 0)
                continue;
            if (IsOver(peers))
                return;
            if (_port.TryArm() && !IsOver(peers))
                Assert.True(_woken.Wait(Patience), $"nobody wakes the worker; {_expected.Count} frames are missing");
        }
    }

    private bool IsOver(int peers) => _expected.Count == 0 && Volatile.Read(ref _ended) == peers;

    // Random octets stand everywhere; only lengths are written.
    private void Compose()
    {
        Assert.Empty(_expected);
        int end = _random.Next(1, _random.Next(4) == 0 ? 300 : LongestSpeech);
        for (_length = 0; _length < end;)
        {
            int length = _random.Next(400) switch
            {
                0 => _random.Next(ShortestFrame, Frame.MaxLength + 1),
                1 => Frame.MaxLength,
                < 8 => _random.Next(ShortestFrame),
                < 40 => _random.Next(ShortestFrame, 1600),
                _ => _random.Next(ShortestFrame, 100),
            };
            Say(length);
            if (length < ShortestFrame)
                Runts++;
            else
                _expected.Enqueue((_length, length));
            _length += length;
        }

        switch (_random.Next(3))
        {
            case 0:
                Lies++;
                Say(_random.Next(2) == 0 ? _random.Next(Frame.MaxLength + 1, int.MaxValue) : _random.Next(int.MinValue, 0));
                _length += _random.Next(2) * _random.Next(2000);
                break;
            case 1:
                CutOff++;
                int promised = _random.Next(ShortestFrame, Frame.MaxLength);
                Say(promised);
                _length += _random.Next(2) == 0 ? -_random.Next(4) : _random.Next(promised);
                break;
        }
    }

    private void Say(int length)
    {
        BinaryPrimitives.WriteInt32BigEndian(_speech.AsSpan(_length), length);
        _length += 4;
    }

    private void Echo()
    {
        byte[] frame = _speech.AsSpan(_random.Next(1000), _random.Next(ShortestFrame, 1600)).ToArray();
        if (_port.Send(frame, default, _random.Next(2) == 0 ? [] : [_random.Next(1, ShortestFrame)]) == 0)
            return;
        foreach (byte octet in (byte[])[0, 0, (byte)(frame.Length >> 8), (byte)frame.Length, .. frame])
            _echo.Enqueue(octet);
    }

    private void Hear(Socket peer)
    {
        int got = peer.Receive(_scratch, SocketFlags.None, out SocketError error);
        if (error == SocketError.WouldBlock)
            return;
        for (int i = 0; i < got; i++)
            Assert.Equal(_echo.Dequeue(), _scratch[i]);
        Echoed += got;
    }
}
