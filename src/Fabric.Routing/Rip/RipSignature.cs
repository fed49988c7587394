using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Fabric.Wire;

namespace Fabric.Routing.Rip;

/// <summary>Passwords and digests of packets, and which key is used when (RFC 2453, 4.1; RFC 4822, 2.5, 3 and 5). Allocates nothing.</summary>
internal static class RipSignature
{
    private const int Md5Length = 16;
    private const int MaxDigest = 64;
    private static readonly byte[] Pad = [0x87, 0x8F, 0xE1, 0xF3];

    /// <summary>Bytes of a key's digest; 0 for a password.</summary>
    internal static int DigestLength(RipAlgorithm algorithm) => algorithm switch
    {
        RipAlgorithm.KeyedMd5 => Md5Length,
        RipAlgorithm.HmacSha1 => 20,
        RipAlgorithm.HmacSha256 => 32,
        RipAlgorithm.HmacSha384 => 48,
        RipAlgorithm.HmacSha512 => 64,
        _ => 0,
    };

    /// <summary>The key to sign with: of those whose time it is the one that began last; else the one that lasted longest. Null before
    /// the time of the first.</summary>
    internal static RipKey? ToSend(IReadOnlyList<RipKey> keys, DateTimeOffset now)
    {
        RipKey? valid = null;
        RipKey? last = null;
        for (int i = 0; i < keys.Count; i++)
        {
            RipKey key = keys[i];
            if (key.SendFrom > now)
                continue;
            if (key.SendUntil > now && (valid == null || key.SendFrom >= valid.SendFrom))
                valid = key;
            if (last == null || key.SendUntil > last.SendUntil)
                last = key;
        }

        return valid ?? last;
    }

    /// <summary>Checks a packet against the keys of its link; its sequence number is left to the caller.</summary>
    /// <returns>Null when it is authentic, or none of it is wanted.</returns>
    internal static RipDrop? Check(in RipView packet, IReadOnlyList<RipKey> keys, DateTimeOffset now)
    {
        if (keys.Count == 0)
            return packet.Authentication == RipAuthenticationType.None ? null : RipDrop.Authentication;
        return packet.Authentication switch
        {
            RipAuthenticationType.Password => CheckPassword(packet.Password, keys, now),
            RipAuthenticationType.Cryptographic => CheckDigest(packet, keys, now),
            _ => RipDrop.Authentication,
        };
    }

    /// <summary>Computes the digest of a packet.</summary>
    /// <param name="key">The key.</param>
    /// <param name="packet">Up to and with the trailer's header, and room behind it for the digest: that is overwritten.</param>
    /// <param name="shortened">Hash a secret that is longer than the digest first, as RFC 4822 (2.5) asks. BIRD takes it as it is up to the
    /// hash's block, as HMAC itself does (RFC 2104); so do we when we send, and take either.</param>
    internal static void Sign(RipKey key, Span<byte> packet, bool shortened = false)
    {
        int length = DigestLength(key.Algorithm);
        Span<byte> digest = packet[^length..];
        if (key.Algorithm == RipAlgorithm.KeyedMd5)
        {
            digest.Clear();
            key.Secret.Span[..Math.Min(key.Secret.Length, Md5Length)].CopyTo(digest);
            HashMd5(packet, digest);
            return;
        }

        for (int i = 0; i < length; i++)
            digest[i] = Pad[i % Pad.Length];
        Span<byte> hashed = stackalloc byte[MaxDigest];
        scoped ReadOnlySpan<byte> secret = key.Secret.Span;
        if (shortened)
            secret = hashed[..Hash(key.Algorithm, secret, hashed)];
        Span<byte> result = stackalloc byte[MaxDigest];
        Hmac(key.Algorithm, secret, packet, result);
        result[..length].CopyTo(digest);
    }

    private static RipDrop? CheckPassword(ReadOnlySpan<byte> password, IReadOnlyList<RipKey> keys, DateTimeOffset now)
    {
        Span<byte> expected = stackalloc byte[RipView.PasswordLength];
        bool any = false;
        for (int i = 0; i < keys.Count; i++)
        {
            if (keys[i].Algorithm != RipAlgorithm.Password || !MayAccept(keys, i, now))
                continue;
            any = true;
            ReadOnlySpan<byte> secret = keys[i].Secret.Span;
            expected.Clear();
            secret[..Math.Min(secret.Length, expected.Length)].CopyTo(expected);
            if (CryptographicOperations.FixedTimeEquals(expected, password))
                return null;
        }

        return any ? RipDrop.Digest : RipDrop.Authentication;
    }

    private static RipDrop? CheckDigest(in RipView packet, IReadOnlyList<RipKey> keys, DateTimeOffset now)
    {
        Span<byte> copy = stackalloc byte[RipView.HeaderLength + (RipView.MaxEntries * RipView.EntryLength) + RipView.TrailerLength + MaxDigest];
        bool any = false;
        for (int i = 0; i < keys.Count; i++)
        {
            RipKey key = keys[i];
            if (key.Algorithm == RipAlgorithm.Password || key.Id != packet.KeyId || !MayAccept(keys, i, now))
                continue;
            any = true;
            int length = DigestLength(key.Algorithm);
            int whole = packet.Signed.Length + length;
            if (packet.Digest.Length != length || whole > copy.Length || (packet.DigestLength != length && packet.DigestLength != length + RipView.TrailerLength))
                continue;
            packet.Signed.CopyTo(copy);
            if (IsSigned(key, copy[..whole], packet.Digest, shortened: false)
                || (key.Secret.Length > length && key.Algorithm != RipAlgorithm.KeyedMd5 && IsSigned(key, copy[..whole], packet.Digest, shortened: true)))
                return null;
        }

        return any ? RipDrop.Digest : RipDrop.Key;
    }

    private static bool IsSigned(RipKey key, Span<byte> copy, ReadOnlySpan<byte> digest, bool shortened)
    {
        Sign(key, copy, shortened);
        return CryptographicOperations.FixedTimeEquals(copy[^digest.Length..], digest);
    }

    // A key counts in its time. When none has any time left, the one that lasted longest still counts (RFC 4822, 5.3).
    private static bool MayAccept(IReadOnlyList<RipKey> keys, int index, DateTimeOffset now)
    {
        RipKey key = keys[index];
        if (key.AcceptFrom > now)
            return false;
        if (key.AcceptUntil > now)
            return true;
        for (int i = 0; i < keys.Count; i++)
        {
            if (keys[i].AcceptUntil > key.AcceptUntil)
                return false;
        }

        return true;
    }

    [SuppressMessage("Security", "CA5351:Do not use broken cryptographic algorithms", Justification = "RFC 2082 asks for it")]
    private static void HashMd5(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        Span<byte> result = stackalloc byte[Md5Length];
        MD5.HashData(source, result);
        result.CopyTo(destination);
    }

    [SuppressMessage("Security", "CA5350:Do not use weak cryptographic algorithms", Justification = "RFC 4822 asks for it")]
    private static int Hash(RipAlgorithm algorithm, ReadOnlySpan<byte> source, Span<byte> destination) => algorithm switch
    {
        RipAlgorithm.HmacSha1 => SHA1.HashData(source, destination),
        RipAlgorithm.HmacSha256 => SHA256.HashData(source, destination),
        RipAlgorithm.HmacSha384 => SHA384.HashData(source, destination),
        _ => SHA512.HashData(source, destination),
    };

    [SuppressMessage("Security", "CA5350:Do not use weak cryptographic algorithms", Justification = "RFC 4822 asks for it")]
    private static int Hmac(RipAlgorithm algorithm, ReadOnlySpan<byte> key, ReadOnlySpan<byte> source, Span<byte> destination) => algorithm switch
    {
        RipAlgorithm.HmacSha1 => HMACSHA1.HashData(key, source, destination),
        RipAlgorithm.HmacSha256 => HMACSHA256.HashData(key, source, destination),
        RipAlgorithm.HmacSha384 => HMACSHA384.HashData(key, source, destination),
        _ => HMACSHA512.HashData(key, source, destination),
    };
}
