using Fabric.Link;

namespace Fabric.Overlay;

internal sealed unsafe partial class Encapsulator
{
    /// <summary>Takes the finished frames that stand for an unfinished one.</summary>
    private sealed class FinishedEnd(Encapsulator owner) : IPort
    {
        private VxlanPort? _port;
        private int _target;
        private ushort _sourcePort;

        public string Name => "finished";

        public FrameOffloads Accepts => FrameOffloads.None;

        public PortCounters Counters { get; } = new();

        public bool IsUp => true;

        /// <summary>True when one of the frames since <see cref="Begin"/> was taken.</summary>
        internal bool Accepted { get; private set; }

        public int Transmit(ReadOnlySpan<Frame> frames)
        {
            int accepted = 0;
            for (int i = 0; i < frames.Length; i++)
            {
                int place = owner.TakePlace(_port!);

                // The completer's first pieces are all headers, or a whole frame that it copied.
                bool isHead = frames[i].Head.Length <= Place - HeadOffset;
                if (!isHead)
                    frames[i].Head[..HeadLength].CopyTo(new Span<byte>(owner.At(place) + HeadOffset, HeadLength));
                if (owner.Append(_port!, in frames[i], place, _target, _sourcePort, isCopied: !isHead))
                    accepted++;
            }

            Accepted |= accepted != 0;
            return accepted;
        }

        public int Receive(IFrameSink sink) => 0;

        public void AttachLinkWatcher(ILinkWatcher? watcher)
        {
            // Never changes.
        }

        public void AttachWaker(IWaker waker)
        {
            // Never has frames.
        }

        public bool TryArm() => true;

        public void Dispose()
        {
            // Holds nothing.
        }

        internal void Begin(VxlanPort port, int target, ushort sourcePort)
        {
            _sourcePort = sourcePort;
            _port = port;
            _target = target;
            Accepted = false;
        }
    }
}
