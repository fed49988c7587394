using System.Numerics;

namespace Fabric.Link.Bonding;

// Frames that go out.
public sealed partial class BondPort
{
    private readonly FlowSpread _spread = new();
    private readonly Frame[] _leaving = new Frame[IPort.MaxBurst];
    private readonly uint[] _shares = new uint[BondOptions.MostMembers];

    // Bit n is member n.
    private uint _distributing;

    /// <inheritdoc/>
    public int Transmit(ReadOnlySpan<Frame> frames)
    {
        lock (_gate)
        {
            if (_disposed)
                return 0;
            if (Volatile.Read(ref _linksPending))
                RunMachinesLocked(Now());
            if (!_isUp)
            {
                Counters.AddTransmitDrops(DropReason.LinkDown, frames.Length);
                return 0;
            }

            if (BitOperations.IsPow2(_distributing))
                return TransmitLocked(_members[BitOperations.TrailingZeroCount(_distributing)], frames);
            int delivered = 0;
            for (; frames.Length > IPort.MaxBurst; frames = frames[IPort.MaxBurst..])
                delivered += SpreadLocked(frames[..IPort.MaxBurst]);
            return delivered + SpreadLocked(frames);
        }
    }

    private int SpreadLocked(ReadOnlySpan<Frame> frames)
    {
        long now = Now();
        ulong seed = _options.SystemAddress.Bits;
        uint used = 0;
        for (int i = 0; i < frames.Length; i++)
        {
            int member = _spread.Choose(FlowHash.Of(in frames[i], _options.Hash, seed), now);
            _shares[member] |= 1U << i;
            used |= 1U << member;
        }

        int delivered = 0;
        for (; used != 0; used &= used - 1)
        {
            int member = BitOperations.TrailingZeroCount(used);
            uint share = _shares[member];
            _shares[member] = 0;
            bool isAll = BitOperations.PopCount(share) == frames.Length;
            delivered += TransmitLocked(_members[member], isAll ? frames : Gather(frames, share, _leaving));
        }

        return delivered;
    }

    private int TransmitLocked(MemberLink member, ReadOnlySpan<Frame> frames)
    {
        // Only this bond, under its lock, transmits to a member, so the difference is this burst.
        long before = member.Port.Counters.TransmittedBytes;
        int delivered = member.Port.Transmit(frames);
        Counters.AddTransmitted(delivered, member.Port.Counters.TransmittedBytes - before);
        return delivered;
    }
}
